//! Captions of any accepted format as segmented WebVTT on the video's grid.

mod ass;
mod embedded;
mod markup;
mod srt;
mod text;
mod ttml;
mod vtt;

use std::fmt::Write as _;

use reelsmith_core::manifest::CaptionFormat;
use reelsmith_core::plan::Plan;
use reelsmith_core::time::{FrameCount, Ticks};

use crate::error::MediaError;

pub use embedded::{EmbeddedTask, convert_embedded, embedded_argv};

/// One segment of captions, as long as the video segment of the same number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextSegment {
    /// Number, from 1.
    pub number: u32,
    /// A whole WebVTT file.
    pub body: String,
    /// Start in [`Plan::timescale`].
    pub start: Ticks,
    /// Duration in [`Plan::timescale`].
    pub duration: Ticks,
    /// Cues of which at least a part is shown in it.
    pub cues: u32,
}

/// A text and when it is shown, in milliseconds from the programme's start.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cue {
    start: i64,
    end: i64,
    /// WebVTT cue text, escaped, without empty lines.
    payload: String,
    /// Line of the file where it stands, from 1.
    line: u32,
}

impl Cue {
    /// Whether there is something to see, and a time to see it.
    fn is_shown(&self) -> bool {
        self.end > self.start && !self.payload.is_empty()
    }
}

/// Head of every segment (RFC 8216, 3.5): cue times count from where the video's do.
const HEAD: &str = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n";

/// Largest caption file in bytes.
const LARGEST: usize = 16 << 20;

/// Reads captions and cuts them on the grid of the video. Text, italics, bold and underline are kept; colours, fonts,
/// positions and drawings are not. A cue that is shown across a cut is in both segments with its own full times.
///
/// # Errors
/// [`MediaError::Captions`] with the line: what cannot be read in the format, ends before it starts, or lies wholly outside
/// the programme.
pub fn convert_captions(
    bytes: &[u8],
    format: CaptionFormat,
    plan: &Plan,
) -> Result<Vec<TextSegment>, MediaError> {
    let cues = checked(cues(bytes, format)?, plan)?;
    Ok(segments(&cues, plan))
}

/// What a file says, in the order of the file.
fn cues(bytes: &[u8], format: CaptionFormat) -> Result<Vec<Cue>, MediaError> {
    if bytes.len() > LARGEST {
        let expected = format!("at most {LARGEST} bytes");
        return Err(wrong(None, expected, bytes.len().to_string()));
    }
    let text = text::decode(bytes)?;
    match format {
        CaptionFormat::Srt => srt::read(&text),
        CaptionFormat::Vtt => vtt::read(&text),
        CaptionFormat::Ass => ass::read(&text),
        CaptionFormat::Ttml => ttml::read(&text),
    }
}

/// One for each segment of the video.
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

/// In order of time, without those that are never shown, none past the programme's end; at least one.
fn checked(cues: Vec<Cue>, plan: &Plan) -> Result<Vec<Cue>, MediaError> {
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

/// What is shown within the programme, in order of time.
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

/// Rounded up, so that the last cue may last to the end of the last frame.
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
    // Milliseconds against ticks without rounding: m / 1000 < t / scale.
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
