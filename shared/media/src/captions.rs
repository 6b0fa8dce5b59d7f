//! Captions: SubRip, WebVTT, ASS and TTML files, and caption tracks of a mezzanine, as segmented WebVTT.
//!
//! Players need captions in segments that match the video segments by number and duration. So every format is read
//! into a list of cues (start, end, text), the cues are clamped to the programme, and each video segment gets one WebVTT
//! file with the cues that are shown in it:
//!
//! ```text
//! bytes ── text::decode ──▶ lines ── subrip_webvtt | ass | ttml ──▶ cues ── check ──▶ segments
//! mezzanine ── embedded: ffmpeg extracts the track as SubRip, WebVTT or ASS ──▶ bytes
//! ```
//!
//! Invariants:
//! - The text of a cue is escaped, its tags are balanced, and it has no empty line, so it cannot end the cue or inject
//!   markup. Italics, bold and underline are kept; colours, fonts, positions and drawings are not.
//! - A cue that is shown across a cut is in both segments, with its own full times.
//! - A malformed file fails with its line: it is never repaired by guessing.
//!
//! The second segment of four seconds of a cue from 3.5 s to 5 s:
//!
//! ```text
//! WEBVTT
//! X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000
//!
//! 00:00:03.500 --> 00:00:05.000
//! First <i>line</i>
//! ```

mod ass;
mod embedded;
mod subrip_webvtt;
mod text;
mod ttml;

use std::fmt::Write as _;

use reelsmith_core::manifest::CaptionFormat;
use reelsmith_core::plan::Plan;
use reelsmith_core::time::{FrameCount, Ticks};

use crate::error::MediaError;

pub use embedded::{EmbeddedTask, convert_embedded, embedded_argv};

/// One segment of captions, as long as the video segment of the same number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextSegment {
    /// From 1.
    pub number: u32,
    /// A complete WebVTT file.
    pub body: String,
    /// In [`Plan::timescale`].
    pub start: Ticks,
    /// In [`Plan::timescale`].
    pub duration: Ticks,
    /// Number of cues that are shown in the segment.
    pub cues: u32,
}

/// A text and when it is shown, in milliseconds from the programme's start.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cue {
    start: i64,
    end: i64,
    /// WebVTT cue text, escaped, without empty lines.
    payload: String,
    /// Line of the cue in the file, from 1.
    line: u32,
}

impl Cue {
    fn is_shown(&self) -> bool {
        self.end > self.start && !self.payload.is_empty()
    }
}

/// The head of every segment (RFC 8216, 3.5): cue times have the same origin as the video's.
const HEAD: &str = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n";

/// Largest caption file in bytes.
const MAX_SIZE: usize = 16 << 20;

/// Reads a caption file and cuts it into the segments of the video.
///
/// # Errors
/// [`MediaError::Captions`] with the line, if the file is malformed or too large, a cue ends before it starts, or no
/// cue is shown within the programme.
pub fn convert_captions(
    bytes: &[u8],
    format: CaptionFormat,
    plan: &Plan,
) -> Result<Vec<TextSegment>, MediaError> {
    let cues = check(read(bytes, format)?, plan)?;
    Ok(segments(&cues, plan))
}

/// The cues of a file, in the order of the file.
fn read(bytes: &[u8], format: CaptionFormat) -> Result<Vec<Cue>, MediaError> {
    if bytes.len() > MAX_SIZE {
        let expected = format!("at most {MAX_SIZE} bytes");
        return Err(wrong(None, expected, bytes.len().to_string()));
    }
    let text = text::decode(bytes)?;
    match format {
        CaptionFormat::Srt => subrip_webvtt::read_subrip(&text),
        CaptionFormat::Vtt => subrip_webvtt::read_webvtt(&text),
        CaptionFormat::Ass => ass::read(&text),
        CaptionFormat::Ttml => ttml::read(&text),
    }
}

/// One text segment for each segment of the video.
fn segments(cues: &[Cue], plan: &Plan) -> Vec<TextSegment> {
    let numbers = 1..=plan.segment_count();
    numbers.map(|n| segment(cues, plan, n)).collect()
}

fn wrong(
    line: impl Into<Option<u32>>,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> MediaError {
    MediaError::Captions {
        line: line.into(),
        expected: expected.into(),
        found: found.into(),
    }
}

/// Checks that the times are in order and that at least one cue is shown; returns the shown cues.
fn check(cues: Vec<Cue>, plan: &Plan) -> Result<Vec<Cue>, MediaError> {
    if let Some(cue) = cues.iter().find(|c| c.end < c.start) {
        let expected = format!("an end at or after {}", stamp(cue.start));
        return Err(wrong(cue.line, expected, stamp(cue.end)));
    }
    let first = cues.iter().find(|c| c.is_shown());
    let first = first.map(|c| (c.line, c.start));
    let (line, start) = first.ok_or_else(|| wrong(None, "at least one cue", "none"))?;
    let cues = shown(cues, plan);
    if cues.is_empty() {
        let total = stamp(millis(plan.duration(), plan));
        let expected = format!("cues within the programme of {total}");
        let found = format!("the first at {}", stamp(start));
        return Err(wrong(line, expected, found));
    }
    Ok(cues)
}

/// The cues that are shown within the programme, clamped to it and sorted by time.
fn shown(mut cues: Vec<Cue>, plan: &Plan) -> Vec<Cue> {
    let total = millis(plan.duration(), plan);
    cues.retain(|c| c.is_shown() && c.start < total && c.end > 0);
    for cue in &mut cues {
        cue.start = cue.start.max(0);
        cue.end = cue.end.min(total);
    }
    cues.sort_by_key(|c| (c.start, c.end));
    cues
}

/// Ticks in milliseconds, rounded up so that the last cue may last to the end of the last frame.
fn millis(time: Ticks, plan: &Plan) -> i64 {
    let scale = i128::from(plan.timescale.0.max(1));
    let millis = (i128::from(time.0) * 1_000 + scale - 1).div_euclid(scale);
    i64::try_from(millis).unwrap_or(i64::MAX)
}

fn segment(cues: &[Cue], plan: &Plan, number: u32) -> TextSegment {
    let frames = plan.segment_frames_of(number);
    let at = |frame| plan.frame_rate.duration_of(FrameCount(frame));
    let (start, end) = (at(frames.start), at(frames.end));
    let scale = i128::from(plan.timescale.0);
    // Compares milliseconds with ticks without rounding: m / 1000 < t / scale.
    let before = |m: i64, t: Ticks| i128::from(m) * scale < i128::from(t.0) * 1_000;
    let after = |m: i64, t: Ticks| i128::from(m) * scale > i128::from(t.0) * 1_000;
    let mut body = HEAD.to_owned();
    let mut count = 0;
    for cue in cues
        .iter()
        .filter(|c| before(c.start, end) && after(c.end, start))
    {
        // Writing to a string cannot fail.
        let _ = write!(
            body,
            "\n{} --> {}\n{}\n",
            stamp(cue.start),
            stamp(cue.end),
            cue.payload
        );
        count += 1;
    }
    TextSegment {
        number,
        body,
        start,
        duration: Ticks(end.0 - start.0),
        cues: count,
    }
}

/// `HH:MM:SS.mmm`.
fn stamp(millis: i64) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    let m = millis.unsigned_abs();
    let (h, min, s) = (m / 3_600_000, m / 60_000 % 60, m / 1_000 % 60);
    format!("{sign}{h:02}:{min:02}:{s:02}.{:03}", m % 1_000)
}

#[cfg(test)]
mod tests;
