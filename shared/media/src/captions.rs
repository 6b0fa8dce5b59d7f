//! Captions: SubRip, WebVTT, ASS and TTML files, and caption tracks of a mezzanine, as segmented WebVTT.
//!
//! Players need captions in segments that match the video segments by number and duration. So every format is read
//! into a list of cues (start, end, place, text), the cues are fitted to the programme, and each video segment gets one
//! WebVTT file with the cues that are shown in it:
//!
//! ```text
//! bytes ── encoding ──▶ lines ── subrip_webvtt | ass | ttml ──▶ cues and faults ── settle ──▶ cues ──▶ segments
//! mezzanine ── embedded: ffmpeg extracts the track as SubRip, WebVTT or ASS ──▶ bytes
//! mezzanine ── closed: ffprobe prints the caption data of the pictures or of a track ──▶ cues
//! ```
//!
//! Invariants:
//! - The text of a cue is escaped, its tags are balanced, and it has no empty line, so it cannot end the cue or inject
//!   markup. Italics, bold, underline and places are kept; colours, fonts and drawings are not.
//! - A cue that is shown across a cut is in both segments, with its own full times.
//! - Whatever is left out or changed is a [`Warning`] that names the line. In strict mode a malformed cue, another
//!   encoding than Unicode and an empty track are errors.
//!
//! The second segment of four seconds of a cue from 3.5 s to 5 s:
//!
//! ```text
//! WEBVTT
//! X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000
//!
//! 00:00:03.500 --> 00:00:05.000 line:0
//! First <i>line</i>
//! ```

mod ass;
mod closed;
mod comparison;
mod embedded;
mod encoding;
mod placement;
mod settle;
mod subrip_webvtt;
mod text;
mod ttml;

use std::fmt::Write as _;

use reelsmith_core::manifest::CaptionFormat;
use reelsmith_core::plan::Plan;
use reelsmith_core::time::{FrameCount, FrameRate, Ticks};
use reelsmith_core::timecode::Timecode;
use reelsmith_core::warning::{Place, Warning, WarningName};

use crate::error::MediaError;
use placement::Placement;

pub use comparison::{compare_embedded, compare_file};
pub use embedded::{EmbeddedTask, convert_embedded, embedded_argv};

/// A caption file, and how to read it.
#[derive(Clone, Copy, Debug)]
pub struct CaptionSource<'a> {
    /// Its name in warnings: the key of a file, or a stream of the mezzanine.
    pub name: &'a str,
    pub format: CaptionFormat,
    /// BCP 47 tag, by which an encoding other than Unicode is guessed.
    pub language: &'a str,
    /// Whether it may have no cues: it has only the few lines that every viewer needs.
    pub forced: bool,
    /// Whether a malformed cue, another encoding and an empty track are errors.
    pub strict: bool,
    /// Timecode of the programme's first picture, if it is known.
    pub start: Option<Timecode>,
}

/// Captions in segments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captions {
    /// One for each segment of the video; empty if no cue is shown, because such a track is not published.
    pub segments: Vec<TextSegment>,
    /// Deviations from the source.
    pub warnings: Vec<Warning>,
}

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

/// A text with its times and its place in the picture. Times are milliseconds from the programme's start.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cue {
    start: i64,
    end: i64,
    placement: Placement,
    /// WebVTT cue text, escaped, without empty lines.
    payload: String,
    /// Line of the cue in the file, from 1.
    line: u32,
}

impl Cue {
    fn shift(&mut self, millis: i64) {
        self.start = self.start.saturating_add(millis);
        self.end = self.end.saturating_add(millis);
    }
}

/// A part of a file that is malformed and was skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    /// From 1.
    line: u32,
    expected: String,
    found: String,
}

/// What a reader found in a file.
#[derive(Clone, Debug, Default)]
struct Reading {
    /// In the order of the file.
    cues: Vec<Cue>,
    faults: Vec<Fault>,
    clock: Clock,
}

impl Reading {
    fn fault(&mut self, line: u32, expected: impl Into<String>, found: impl Into<String>) {
        self.faults.push(Fault {
            line,
            expected: expected.into(),
            found: found.into(),
        });
    }
}

/// What the times of a file count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Clock {
    /// Seconds. If they begin at a start timecode, they are its label read as a clock.
    #[default]
    Seconds,
    /// Frames with timecode labels, converted to real time from `00:00:00:00`.
    Labels,
}

impl Clock {
    /// The time of the programme's first picture on this clock, in milliseconds.
    fn origin(self, start: Timecode, plan: &Plan) -> i64 {
        match self {
            Self::Seconds => start.label_millis(plan.frame_rate),
            Self::Labels => frames_millis(start.frame(plan.frame_rate), plan.frame_rate),
        }
    }
}

/// Frames in milliseconds, rounded to nearest.
fn frames_millis(frames: i64, rate: FrameRate) -> i64 {
    let (num, den) = (i128::from(rate.num()), i128::from(rate.den()));
    let millis = (i128::from(frames) * 1_000 * den + num / 2).div_euclid(num.max(1));
    i64::try_from(millis).unwrap_or(i64::MAX)
}

/// The head of every segment (RFC 8216, 3.5): cue times have the same origin as the video's.
const HEAD: &str = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n";

/// Largest caption file in bytes.
const MAX_SIZE: usize = 16 << 20;

/// Reads a caption file and cuts it into the segments of the video.
///
/// # Errors
/// [`MediaError::Captions`] with the line: if the file cannot be read in any format, is too large, has more malformed
/// cues than good ones, or has no cue within the programme; a forced track may be empty. In strict mode also for one
/// malformed cue, for another encoding than Unicode, and for an empty track.
pub fn convert_captions(
    bytes: &[u8],
    source: &CaptionSource<'_>,
    plan: &Plan,
) -> Result<Captions, MediaError> {
    if bytes.len() > MAX_SIZE {
        let expected = format!("at most {MAX_SIZE} bytes");
        return Err(wrong(None, expected, bytes.len().to_string()));
    }
    let decoded = encoding::decode(bytes, source.language)?;
    let mut warnings = Vec::new();
    if let Some(guessed) = decoded.guessed {
        let Fault {
            line,
            expected,
            found,
        } = guessed;
        if source.strict {
            return Err(wrong(line, expected, found));
        }
        let warning = Warning::new(WarningName::CaptionEncodingGuessed, source.name);
        let treatment = "the file is read in that encoding";
        warnings.push(
            warning
                .at(Place::Line(line))
                .because(expected, found, treatment),
        );
    }
    let reading = read(&decoded.text, source.format)?;
    let (cues, more) = settle::settle(reading, source, plan)?;
    warnings.extend(more);
    Ok(Captions {
        segments: segments(&cues, plan),
        warnings,
    })
}

/// The cues of a file, which is read in the format that it has: SubRip and WebVTT are often delivered under each
/// other's name.
fn read(text: &str, stated: CaptionFormat) -> Result<Reading, MediaError> {
    let head = text.trim_start();
    let is_webvtt = subrip_webvtt::is_webvtt(head);
    match stated {
        CaptionFormat::Srt | CaptionFormat::Vtt if is_webvtt => {
            Ok(subrip_webvtt::read_webvtt(text))
        }
        CaptionFormat::Srt => Ok(subrip_webvtt::read_subrip(text)),
        CaptionFormat::Vtt if head.contains("-->") => Ok(subrip_webvtt::read_subrip(text)),
        CaptionFormat::Vtt => {
            let first = head.lines().next().unwrap_or_default();
            Err(wrong(1, "WEBVTT as the first line", text::quoted(first)))
        }
        CaptionFormat::Ass => ass::read(text),
        CaptionFormat::Ttml => ttml::read(text),
    }
}

/// One text segment for each segment of the video; none if there is no cue.
fn segments(cues: &[Cue], plan: &Plan) -> Vec<TextSegment> {
    if cues.is_empty() {
        return Vec::new();
    }
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
            "\n{} --> {}{}\n{}\n",
            stamp(cue.start),
            stamp(cue.end),
            cue.placement,
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
