//! SUB-01: WebVTT segments are well-formed, in order, and cover the programme.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::Text;
use crate::hls::NANOS;
use crate::measure::seconds;
use crate::report::Severity;
use crate::view::{Kind, View};

/// WebVTT segments are well-formed, in order, and cover the programme.
pub(super) static RULE: Rule = Rule {
    id: "SUB-01",
    severity: Severity::Fail,
    spec: "RFC 8216 3.5, Apple HLS Authoring 5.3, 5.5",
    set: RuleSet::Standard,
    title: "WebVTT segments are well-formed, in order, and cover the programme",
    doc: "Each starts with WEBVTT and has X-TIMESTAMP-MAP, in UTF-8; cues start in order and end after they start; the playlist is as long as the video.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let video = view.of(Kind::Video).next();
    for track in view.of(Kind::Text) {
        if let Some(video) = video {
            let (wanted, found) = (video.playlist.duration(), track.playlist.duration());
            if (found - wanted).abs() > NANOS / 10 {
                let expected = format!("captions over {}", seconds(wanted));
                out.add(&track.path, None, expected, seconds(found));
            }
        }
        for segment in &track.segments {
            let Some(part) = &segment.part else { continue };
            if let Some(Ok(Text::Other(bytes))) = view.delivery.texts.get(&part.path) {
                check_segment(&part.path, bytes, out);
            }
        }
    }
}

fn check_segment(path: &str, bytes: &[u8], out: &mut Findings) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return out.add(path, None, "UTF-8", "other bytes");
    };
    let header = text.lines().next().unwrap_or_default();
    if header != "WEBVTT" && !header.starts_with("WEBVTT ") {
        return out.line(path, 1, "WEBVTT", format!("{header:?}"));
    }
    if !text
        .lines()
        .skip(1)
        .take_while(|l| !l.is_empty())
        .any(|l| l.starts_with("X-TIMESTAMP-MAP="))
    {
        out.line(path, 1, "X-TIMESTAMP-MAP in the header", "none");
    }
    let mut before = 0;
    for (line, number) in text.lines().zip(1u32..).filter(|(l, _)| l.contains("-->")) {
        match cue(line) {
            Some((start, end)) if start >= before && end > start => before = start,
            Some(_) => out.line(path, number, "cues that start in order and end later", line),
            None => out.line(
                path,
                number,
                "times such as 00:00:01.000 --> 00:00:02.000",
                line,
            ),
        }
    }
}

/// Start and end of a cue in milliseconds.
fn cue(line: &str) -> Option<(u64, u64)> {
    let (start, rest) = line.split_once("-->")?;
    let end = rest.split_whitespace().next()?;
    Some((millis(start.trim())?, millis(end)?))
}

fn millis(text: &str) -> Option<u64> {
    let (clock, fraction) = text.split_once('.')?;
    let mut total = 0u64;
    let parts: Vec<&str> = clock.split(':').collect();
    if !(2..=3).contains(&parts.len()) || fraction.len() != 3 {
        return None;
    }
    for part in parts {
        total = total.checked_mul(60)?.checked_add(part.parse().ok()?)?;
    }
    total
        .checked_mul(1_000)?
        .checked_add(fraction.parse().ok()?)
}
