//! SubRip and WebVTT: both are lines of text with times and HTML-like tags.

use super::text::{self, Payload};
use super::{Cue, wrong};
use crate::error::MediaError;

/// Reads SubRip: an optional number, times, lines of text. A cue ends at the next times, not at a blank line.
pub(super) fn read_subrip(source: &str) -> Result<Vec<Cue>, MediaError> {
    let mut cues = Vec::new();
    let mut open: Option<(u32, i64, i64, Vec<&str>)> = None;
    for (number, line) in text::lines(source) {
        if line.contains("-->") {
            let (start, end) = text::timing(line, number, "00:00:01,000 --> 00:00:02,000")?;
            if let Some(cue) = open.take() {
                cues.push(subrip_cue(cue, true));
            }
            open = Some((number, start, end, Vec::new()));
        } else if let Some((_, _, _, lines)) = &mut open {
            lines.push(line);
        } else if !line.trim().is_empty() && text::digits(line.trim()).is_none() {
            return Err(wrong(number, "a cue's number or times", text::quoted(line)));
        }
    }
    cues.extend(open.map(|cue| subrip_cue(cue, false)));
    Ok(cues)
}

/// If another cue follows, the last line is the number of that cue and not text.
fn subrip_cue((line, start, end, mut lines): (u32, i64, i64, Vec<&str>), followed: bool) -> Cue {
    let blank_before = lines.len() < 2 || lines[lines.len() - 2].trim().is_empty();
    if followed
        && blank_before
        && lines
            .last()
            .is_some_and(|l| text::digits(l.trim()).is_some())
    {
        lines.pop();
    }
    Cue {
        start,
        end,
        payload: tagged(&lines.join("\n")),
        line,
    }
}

/// Reads WebVTT (W3C): a header, then blocks separated by blank lines. Notes, styles and regions are skipped.
pub(super) fn read_webvtt(source: &str) -> Result<Vec<Cue>, MediaError> {
    let mut lines = text::lines(source);
    let head = lines.next().map_or("", |(_, line)| line);
    let rest = head.strip_prefix("WEBVTT");
    if !rest.is_some_and(|r| r.is_empty() || r.starts_with([' ', '\t'])) {
        return Err(wrong(1, "WEBVTT as the first line", text::quoted(head)));
    }
    let mut cues = Vec::new();
    let mut block: Vec<(u32, &str)> = Vec::new();
    // The header ends at the first blank line. It may contain a timestamp map of another segmenter.
    for (number, line) in lines.skip_while(|(_, l)| !l.trim().is_empty()) {
        if !line.trim().is_empty() {
            block.push((number, line));
            continue;
        }
        cues.extend(webvtt_cue(&block)?);
        block.clear();
    }
    cues.extend(webvtt_cue(&block)?);
    Ok(cues)
}

fn webvtt_cue(block: &[(u32, &str)]) -> Result<Option<Cue>, MediaError> {
    let Some((number, first)) = block.first().copied() else {
        return Ok(None);
    };
    let timed = block.iter().take(2).position(|(_, l)| l.contains("-->"));
    let Some(at) = timed else {
        let word = first.split([' ', '\t']).next().unwrap_or_default();
        if matches!(word, "NOTE" | "STYLE" | "REGION") {
            return Ok(None);
        }
        let expected = "a cue's times, NOTE, STYLE or REGION";
        return Err(wrong(number, expected, text::quoted(first)));
    };
    let (line, times) = block[at];
    let (start, end) = text::timing(times, line, "00:00:01.000 --> 00:00:02.000")?;
    let lines: Vec<&str> = block[at + 1..].iter().map(|(_, l)| *l).collect();
    Ok(Some(Cue {
        start,
        end,
        payload: tagged(&lines.join("\n")),
        line,
    }))
}

/// Converts text with HTML-like tags: italics, bold and underline stay, other tags and `{\…}` overrides are dropped.
pub(super) fn tagged(text: &str) -> String {
    let mut payload = Payload::default();
    let mut rest = text;
    while let Some(at) = rest.find(['<', '{', '&']) {
        payload.text(&rest[..at]);
        rest = &rest[at..];
        rest = match rest.as_bytes().first() {
            Some(b'<') => tag(&mut payload, rest),
            Some(b'&') => entity(&mut payload, rest),
            _ => override_block(&mut payload, rest),
        };
    }
    payload.text(rest);
    payload.finish()
}

/// Reads a tag, or a literal `<`, at the start of `rest`, and returns the text after it.
fn tag<'a>(payload: &mut Payload, rest: &'a str) -> &'a str {
    let inner = rest[1..].split_once('>').map(|(inner, _)| inner);
    let is_tag = |inner: &&str| {
        let name = inner.trim_start_matches('/');
        let starts = |c: char| c.is_ascii_alphanumeric() || c == '/';
        !inner.contains(['<', '\n']) && name.starts_with(starts) || inner.is_empty()
    };
    let Some(inner) = inner.filter(is_tag) else {
        payload.text("<");
        return &rest[1..];
    };
    let closing = inner.starts_with('/');
    let name = inner.trim_start_matches('/');
    let end = name
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(name.len());
    let mut letters = name[..end].chars().map(|c| c.to_ascii_lowercase());
    if let (Some(style), None) = (letters.next(), letters.next()) {
        if closing {
            payload.close(style);
        } else {
            payload.open(style);
        }
    }
    &rest[inner.len() + 2..]
}

/// The entities of WebVTT. Any other `&` is literal.
const ENTITIES: [(&str, &str); 7] = [
    ("&amp;", "&"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&nbsp;", "\u{a0}"),
    ("&lrm;", "\u{200e}"),
    ("&rlm;", "\u{200f}"),
    ("&quot;", "\""),
];

fn entity<'a>(payload: &mut Payload, rest: &'a str) -> &'a str {
    for (name, meaning) in ENTITIES {
        if let Some(after) = rest.strip_prefix(name) {
            payload.text(meaning);
            return after;
        }
    }
    payload.text("&");
    &rest[1..]
}

/// Skips overrides such as `{\an8}`, which some SubRip files borrow from ASS. Any other bracket is text.
fn override_block<'a>(payload: &mut Payload, rest: &'a str) -> &'a str {
    if rest.starts_with("{\\")
        && let Some((_, after)) = rest.split_once('}')
    {
        return after;
    }
    payload.text("{");
    &rest[1..]
}
