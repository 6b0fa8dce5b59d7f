//! Pictures of the source that cannot be decoded, or only in part.
//!
//! A decoder conceals damage and goes on: it repeats parts of other pictures, shows grey or green areas, or shows no picture
//! at all. ffmpeg exits with success either way and only writes to its log. So if the log of an encode complains, the chunk
//! is decoded again by ffprobe, which tells to which pictures the complaints belong. Complaints about pictures outside the
//! chunk do not count: decoding begins before the chunk, where references may be missing.

use reelsmith_core::probe::Seconds;
use reelsmith_core::time::FrameCount;
use reelsmith_core::warning::{Place, Warning, WarningName};

use super::ChunkTask;
use super::filters::decimal_micros;
use crate::command::{Command, words};
use crate::error::MediaError;
use crate::input;
use crate::process::{self, Activity, Limits};
use crate::tools::Tools;

/// What ffmpeg logs about a picture that is damaged or cannot be decoded.
const COMPLAINTS: [&str; 4] = [
    "corrupt decoded frame",
    "Decoding error:",
    "Error submitting packet to decoder",
    "undecodable NALU",
];
/// Decoded beyond the chunk, in microseconds: a decoder shows its last pictures when others follow.
const BEYOND_US: i64 = 2_000_000;

/// Damaged pictures of a chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// When each picture that was decoded in part is shown, in milliseconds of the output.
    pub partial: Vec<i64>,
    /// Pictures that were not decoded. The one before is held in their place.
    pub missing: u64,
}

impl Damage {
    /// The number of damaged pictures.
    pub fn count(&self) -> u64 {
        self.missing + self.partial.len() as u64
    }

    /// The warning about the damage in a chunk that begins at `start_millis` of the output; `None` if there is none.
    pub fn warning(&self, stream: u32, start_millis: i64) -> Option<Warning> {
        let (partial, missing) = (self.partial.len(), self.missing);
        if self.count() == 0 {
            return None;
        }
        let mut warning = Warning::new(WarningName::PictureDamaged, format!("stream {stream}"))
            .times(self.count())
            .because(
                "pictures that decode without errors",
                format!("{partial} that decode in part, {missing} that do not decode"),
                "the decoder conceals the damage, and the picture before a missing one is held",
            );
        warning.places = self.partial.iter().copied().map(Place::Millis).collect();
        if warning.places.is_empty() {
            warning.places.push(Place::Millis(start_millis));
        }
        Some(warning)
    }
}

/// Whether the end of ffmpeg's log complains about pictures.
pub(super) fn is_reported(log: &str) -> bool {
    COMPLAINTS.iter().any(|complaint| log.contains(complaint))
}

/// Finds the pictures of a chunk that were decoded in part.
///
/// # Errors
/// Those of [`process::run`].
pub(super) async fn find(tools: &Tools, task: &ChunkTask) -> Result<Vec<i64>, MediaError> {
    let command = Command::new(&tools.ffprobe, argv(task));
    let mut partial = Vec::new();
    let start = task.video_start.micros();
    let frames = task.chunk.frames;
    let micros = |frame| Seconds::of_frame(FrameCount(frame), task.frame_rate).micros();
    let half = micros(1) / 2;
    let own = micros(frames.start) - half..micros(frames.end) - half;
    let read = |line: &str| {
        if let Some(shown) = damaged_at(line)
            .map(|us| us - start)
            .filter(|us| own.contains(us))
        {
            partial.push(shown / 1_000);
        }
        Ok(Activity::Progress)
    };
    process::run(&command, &Limits::indexing(), read).await?;
    partial.sort_unstable();
    Ok(partial)
}

/// One thread, because ffprobe attributes the log of a decoder to the picture that it returned last.
fn argv(task: &ChunkTask) -> Vec<String> {
    let cut = &task.chunk.cut;
    let from = cut.seek.map_or(String::new(), super::filters::decimal);
    let until = cut.end.map_or(String::new(), |end| {
        decimal_micros(i128::from(end.micros() + BEYOND_US))
    });
    let (stream, input) = (task.source.index, input::open(&task.url, task.container));
    words(&format!(
        "-v quiet -hide_banner -threads 1 -show_log 24 -select_streams {stream} -read_intervals {from}%{until} \
         -show_entries frame=best_effort_timestamp_time:log=level,message -of compact {input}"
    ))
}

/// The time in microseconds of a frame with a complaint, from a line such as
/// `frame|best_effort_timestamp_time=3.480000|log|level=16|message=[h264 @ 0x55] error while decoding MB 27 19`.
fn damaged_at(line: &str) -> Option<i64> {
    let (_, time) = line.split_once("best_effort_timestamp_time=")?;
    let (time, log) = time.split_once('|')?;
    let error = ["level=0|", "level=8|", "level=16|"]
        .iter()
        .any(|level| log.contains(level));
    (error || is_reported(log))
        .then(|| crate::command::micros(time))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_complaints_and_warnings_are_not() {
        let line =
            |log: &str| damaged_at(&format!("frame|best_effort_timestamp_time=3.480000|{log}"));
        assert_eq!(
            line("log|level=16|message=[h264 @ 0x5] error while decoding MB 27 19|"),
            Some(3_480_000)
        );
        assert_eq!(
            line("log|level=24|message=[hevc @ 0x5] Skipping invalid undecodable NALU: 1|"),
            Some(3_480_000)
        );
        assert_eq!(
            line("log|level=24|message=[h264 @ 0x5] number of reference frames exceeds max|"),
            None
        );
        assert_eq!(line(""), None);
        assert_eq!(
            damaged_at("frame|best_effort_timestamp_time=N/A|log|level=16|"),
            None
        );
    }

    #[test]
    fn a_warning_counts_all_and_places_what_it_can() {
        let damage = Damage {
            partial: vec![3_480, 5_040],
            missing: 1,
        };
        insta::assert_snapshot!(damage.warning(0, 0).unwrap(), @"PictureDamaged: stream 0, 00:00:03.480, 00:00:05.040 (3 times): expected pictures that decode without errors, found 2 that decode in part, 1 that do not decode; the decoder conceals the damage, and the picture before a missing one is held");
        assert_eq!(Damage::default().warning(0, 0), None);
    }
}
