//! SubRip.

use super::{Cue, markup, text, wrong};
use crate::error::MediaError;

/// Reads SubRip: optional number, times, lines of text. Blank lines within a text do not end it; the next times do.
pub(super) fn read(source: &str) -> Result<Vec<Cue>, MediaError> {
    let mut cues = Vec::new();
    let mut open: Option<(u32, i64, i64, Vec<&str>)> = None;
    for (number, line) in text::lines(source) {
        if line.contains("-->") {
            let (start, end) = text::timing(line, number, "00:00:01,000 --> 00:00:02,000")?;
            if let Some(cue) = open.take() {
                cues.push(finished(cue, true));
            }
            open = Some((number, start, end, Vec::new()));
        } else if let Some((_, _, _, lines)) = &mut open {
            lines.push(line);
        } else if !line.trim().is_empty() && text::digits(line.trim()).is_none() {
            let found: String = line.chars().take(80).collect();
            return Err(wrong(
                number,
                "a cue's number or times",
                format!("{found:?}"),
            ));
        }
    }
    cues.extend(open.map(|cue| finished(cue, false)));
    Ok(cues)
}

/// Before another cue's times stands that cue's number, which is not text.
fn finished((line, start, end, mut lines): (u32, i64, i64, Vec<&str>), followed: bool) -> Cue {
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
        payload: markup::tagged(&lines.join("\n")),
        line,
    }
}
