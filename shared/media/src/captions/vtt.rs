//! WebVTT (W3C), by its blocks.

use super::{Cue, markup, text, wrong};
use crate::error::MediaError;

/// Reads WebVTT: the header, then blocks apart by blank lines; notes, styles and regions are passed over.
pub(super) fn read(source: &str) -> Result<Vec<Cue>, MediaError> {
    let mut lines = text::lines(source);
    let head = lines.next().map_or("", |(_, line)| line);
    let rest = head.strip_prefix("WEBVTT");
    if !rest.is_some_and(|r| r.is_empty() || r.starts_with([' ', '\t'])) {
        let found: String = head.chars().take(80).collect();
        return Err(wrong(1, "WEBVTT as the first line", format!("{found:?}")));
    }
    let mut cues = Vec::new();
    let mut block: Vec<(u32, &str)> = Vec::new();
    // Up to the first blank line it is the header, such as a timestamp map of another segmenter.
    for (number, line) in lines.skip_while(|(_, l)| !l.trim().is_empty()) {
        if !line.trim().is_empty() {
            block.push((number, line));
            continue;
        }
        cues.extend(cue(&block)?);
        block.clear();
    }
    cues.extend(cue(&block)?);
    Ok(cues)
}

fn cue(block: &[(u32, &str)]) -> Result<Option<Cue>, MediaError> {
    let Some((number, first)) = block.first().copied() else {
        return Ok(None);
    };
    let timed = block.iter().take(2).position(|(_, l)| l.contains("-->"));
    let Some(at) = timed else {
        let word = first.split([' ', '\t']).next().unwrap_or_default();
        if matches!(word, "NOTE" | "STYLE" | "REGION") {
            return Ok(None);
        }
        let found: String = first.chars().take(80).collect();
        return Err(wrong(
            number,
            "a cue's times, NOTE, STYLE or REGION",
            format!("{found:?}"),
        ));
    };
    let (line, times) = block[at];
    let (start, end) = text::timing(times, line, "00:00:01.000 --> 00:00:02.000")?;
    let lines: Vec<&str> = block[at + 1..].iter().map(|(_, l)| *l).collect();
    Ok(Some(Cue {
        start,
        end,
        payload: markup::tagged(&lines.join("\n")),
        line,
    }))
}
