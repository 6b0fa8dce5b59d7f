//! SubRip and WebVTT files: cues with times on a line of their own, and HTML-like tags in their text.
//!
//! A line with two times begins a cue, whether or not a blank line and a number are before it. The line before it is the
//! cue's number or identifier if nothing else explains it.

use super::placement::Placement;
use super::text::{self, Payload};
use super::{Cue, Reading};

/// Whether a text begins as WebVTT.
pub(super) fn is_webvtt(text: &str) -> bool {
    let rest = text.strip_prefix("WEBVTT");
    rest.is_some_and(|r| r.is_empty() || r.starts_with([' ', '\t', '\n']))
}

/// A cue whose text is being read.
struct OpenCue<'a> {
    line: u32,
    /// Start and end; `None` if they are malformed, and the text is skipped.
    times: Option<(i64, i64)>,
    settings: &'a str,
    lines: Vec<&'a str>,
}

impl<'a> OpenCue<'a> {
    /// The cue that a line with times begins; a malformed line is a fault.
    fn at(line: u32, text: &'a str, example: &str, reading: &mut Reading) -> Self {
        let times = text::timing(text);
        if times.is_none() {
            reading.fault(
                line,
                format!("times as {example}"),
                text::quoted(text.trim()),
            );
        }
        Self {
            line,
            times: times.map(|(start, end, _)| (start, end)),
            settings: times.map_or("", |(_, _, settings)| settings),
            lines: Vec::new(),
        }
    }

    /// Adds the cue to the reading. `next` is the number of the cue that follows in the file, if one does.
    fn close(mut self, next: Option<i64>, placement: Option<Placement>, reading: &mut Reading) {
        if let Some(next) = next {
            self.remove_number(next);
        }
        let Some((start, end)) = self.times else {
            return;
        };
        let (payload, override_place) = tagged(&self.lines.join("\n"));
        reading.cues.push(Cue {
            start,
            end,
            placement: placement.or(override_place).unwrap_or_default(),
            payload,
            line: self.line,
        });
    }

    /// Removes the number of the next cue from the end of the text. A number that is all of the text is the text of this
    /// cue, unless it is the one expected.
    fn remove_number(&mut self, next: i64) {
        let filled = self.lines.iter().rposition(|l| !l.trim().is_empty());
        let Some(at) = filled else {
            return;
        };
        let Some(number) = text::digits(self.lines[at].trim()) else {
            return;
        };
        let adjacent = at + 1 == self.lines.len();
        let alone = at == 0;
        if number == next && (adjacent || !alone) || adjacent && !alone {
            self.lines.truncate(at);
        }
    }
}

/// Reads SubRip: an optional number, times, lines of text. A cue ends at the next times, not at a blank line.
pub(super) fn read_subrip(source: &str) -> Reading {
    const EXAMPLE: &str = "00:00:01,000 --> 00:00:02,000";
    let mut reading = Reading::default();
    let mut open: Option<OpenCue<'_>> = None;
    let mut count = 0;
    for (number, line) in text::lines(source) {
        if text::looks_like_timing(line) {
            count += 1;
            if let Some(cue) = open.take() {
                cue.close(Some(count), None, &mut reading);
            }
            open = Some(OpenCue::at(number, line, EXAMPLE, &mut reading));
        } else if let Some(cue) = &mut open {
            cue.lines.push(line);
        } else if !line.trim().is_empty() && text::digits(line.trim()).is_none() {
            reading.fault(number, "a cue's number or times", text::quoted(line));
        }
    }
    if let Some(cue) = open {
        cue.close(None, None, &mut reading);
    }
    reading
}

/// Reads WebVTT (W3C): a header, then blocks separated by blank lines. Notes, styles and regions are skipped, and so is
/// the timestamp map that another segmenter wrote into the header.
pub(super) fn read_webvtt(source: &str) -> Reading {
    let mut reading = Reading::default();
    let mut block: Vec<(u32, &str)> = Vec::new();
    let first = |line: &str| line.trim().is_empty();
    let head = text::lines(source).skip_while(|(_, l)| first(l));
    // The header ends at the first blank line, or at times without one.
    let body = head.skip_while(|(_, l)| !l.trim().is_empty() && !text::looks_like_timing(l));
    for (number, line) in body {
        if line.trim().is_empty() {
            webvtt_block(&block, &mut reading);
            block.clear();
        } else {
            block.push((number, line));
        }
    }
    webvtt_block(&block, &mut reading);
    reading
}

/// A block of WebVTT: one cue, or several if the blank lines between them are missing.
fn webvtt_block(block: &[(u32, &str)], reading: &mut Reading) {
    const EXAMPLE: &str = "00:00:01.000 --> 00:00:02.000";
    let Some((number, first)) = block.first().copied() else {
        return;
    };
    let word = first.split([' ', '\t']).next().unwrap_or_default();
    let timed = block
        .iter()
        .take(2)
        .any(|(_, l)| text::looks_like_timing(l));
    if !timed {
        if !matches!(word, "NOTE" | "STYLE" | "REGION") {
            let expected = "a cue's times, NOTE, STYLE or REGION";
            reading.fault(number, expected, text::quoted(first));
        }
        return;
    }
    let mut open: Option<OpenCue<'_>> = None;
    let close = |cue: OpenCue<'_>, next, reading: &mut Reading| {
        let settings = Some(Placement::webvtt(cue.settings));
        let settings = settings.filter(|s| *s != Placement::default());
        cue.close(next, settings, reading);
    };
    for (number, line) in block {
        if text::looks_like_timing(line) {
            if let Some(cue) = open.take() {
                // No number is expected, because identifiers are free.
                close(cue, Some(-1), reading);
            }
            open = Some(OpenCue::at(*number, line, EXAMPLE, reading));
        } else if let Some(cue) = &mut open {
            cue.lines.push(line);
        }
    }
    if let Some(cue) = open {
        close(cue, None, reading);
    }
}

/// Converts text with HTML-like tags: italics, bold and underline stay, ruby annotations are in parentheses, and other tags
/// are dropped. Also returns the place that an override such as `{\an8}` names.
pub(super) fn tagged(text: &str) -> (String, Option<Placement>) {
    let mut payload = Payload::default();
    let mut placement = None;
    let mut rest = text;
    while let Some(at) = rest.find(['<', '{', '&']) {
        payload.text(&rest[..at]);
        rest = &rest[at..];
        rest = match rest.as_bytes().first() {
            Some(b'<') => tag(&mut payload, rest),
            Some(b'&') => entity(&mut payload, rest),
            _ => override_block(&mut payload, &mut placement, rest),
        };
    }
    payload.text(rest);
    (payload.finish(), placement)
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
    if name[..end].eq_ignore_ascii_case("rt") {
        payload.text(if closing { ")" } else { "(" });
    }
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

/// Longest named character reference, `&CounterClockwiseContourIntegral;`.
const MAX_ENTITY: usize = 33;

/// Reads a character reference of HTML with its semicolon. Any other `&` is literal.
fn entity<'a>(payload: &mut Payload, rest: &'a str) -> &'a str {
    let end = rest.bytes().take(MAX_ENTITY).position(|b| b == b';');
    if let Some((reference, after)) = end.and_then(|end| rest.split_at_checked(end + 1)) {
        let meaning = html_escape::decode_html_entities(reference);
        if meaning != reference {
            payload.text(&meaning);
            return after;
        }
    }
    payload.text("&");
    &rest[1..]
}

/// Skips overrides such as `{\an8}`, which some SubRip files borrow from ASS. Any other bracket is text.
fn override_block<'a>(
    payload: &mut Payload,
    placement: &mut Option<Placement>,
    rest: &'a str,
) -> &'a str {
    if rest.starts_with("{\\")
        && let Some((block, after)) = rest.split_once('}')
    {
        let place = block.split('\\').find_map(super::ass::alignment);
        *placement = placement.take().or(place.map(Placement::keypad));
        return after;
    }
    payload.text("{");
    &rest[1..]
}
