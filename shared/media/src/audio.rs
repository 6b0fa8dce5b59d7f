//! An audio track, encoded whole: loudness by one constant gain, exactly as many samples as the video lasts, cut into
//! segments on the video's grid.
//!
//! Never chunk by chunk: every encode of AAC begins with priming, and each seam would drift by it.

mod argv;
mod level;
mod loudness;
mod slices;

use std::ops::Range;
use std::path::PathBuf;

use bytes::Bytes;
use reelsmith_core::ladder::AudioSettings;
use reelsmith_core::plan::{AudioRendition, Plan};
use reelsmith_core::probe::{Probe, Seconds};
use reelsmith_core::record::Loudness;
use reelsmith_core::sniff::Container;
use reelsmith_core::time::{FrameCount, FrameRate, Timescale};
use reelsmith_isobmff::EncodedTrack;

use crate::error::MediaError;
use crate::process::Limits;
use crate::segment::{self, Place, SegmentMedia};
use crate::tools::Tools;

pub use argv::{encode_argv, measure_argv, result_argv, settle_argv};
pub use loudness::{Correction, Measured};

/// One audio rendition: all that the encoder needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct AudioTask {
    /// Address of the mezzanine at the range proxy.
    pub url: String,
    /// Its container.
    pub container: Container,
    /// The rendition.
    pub rendition: AudioRendition,
    /// Channels of the source's stream.
    pub source_channels: u32,
    /// How it is encoded.
    pub settings: AudioSettings,
    /// When the first video frame is shown: time zero of the output.
    pub video_start: Seconds,
    /// Frame rate of the video.
    pub frame_rate: FrameRate,
    /// Frames of a video segment.
    pub segment_frames: FrameCount,
    /// Frames of the video.
    pub total_frames: FrameCount,
    /// Silence instead of the mezzanine's sound.
    pub mock: bool,
    /// An empty folder for the encoder's file.
    pub directory: PathBuf,
}

/// What an audio track became.
#[derive(Clone, Debug, PartialEq)]
pub struct AudioMedia {
    /// Folder of the rendition.
    pub rendition: String,
    /// Timescale of the track: its sample rate.
    pub timescale: Timescale,
    /// The init segment; its edit list hides the encoder's priming.
    pub init: Bytes,
    /// The segments, in order.
    pub segments: Vec<SegmentMedia>,
    /// Loudness before and after, and the gain between them.
    pub loudness: Loudness,
    /// Processor time of all passes in milliseconds, user and system.
    pub cpu_ms: u64,
}

impl AudioTask {
    /// The task of one audio rendition of a plan.
    ///
    /// # Errors
    /// [`MediaError::Plan`] where the plan has no rendition of that path.
    pub fn new(
        url: impl Into<String>,
        probe: &Probe,
        plan: &Plan,
        rendition: &str,
        settings: &AudioSettings,
        directory: impl Into<PathBuf>,
    ) -> Result<Self, MediaError> {
        let found = plan.audio.iter().find(|r| r.path == rendition);
        let found = found.ok_or_else(|| MediaError::Plan {
            expected: format!("an audio rendition {rendition}"),
            found: "none".into(),
        })?;
        let stream = probe.audio.iter().find(|s| s.index == found.stream);
        Ok(Self {
            url: url.into(),
            container: probe.container,
            source_channels: stream.map_or(0, |s| s.channels),
            rendition: found.clone(),
            settings: settings.clone(),
            video_start: plan.video_start,
            frame_rate: plan.frame_rate,
            segment_frames: plan.segment_frames,
            total_frames: plan.total_frames,
            mock: false,
            directory: directory.into(),
        })
    }

    /// The same track with silence for its sound: same samples; the mezzanine is not read.
    #[must_use]
    pub fn mocked(mut self, mock: bool) -> Self {
        self.mock = mock;
        self
    }
}

/// Samples of an AAC-LC access unit (ISO/IEC 14496-3, 4.5.2.1.1).
const FRAME: u64 = 1_024;
/// Samples that the encoder delays its input by, and that the edit list takes off again.
const PRIMING: u32 = 1_024;

/// Measures and encodes an audio track and proves its length to the sample.
///
/// # Errors
/// [`MediaError::FrameCount`] where the encoder made another number of samples; [`MediaError::Output`] where what it made
/// is not as it should be; and what [`run_with_progress`] reports.
pub async fn encode_audio(
    tools: &Tools,
    task: &AudioTask,
    limits: &Limits,
) -> Result<AudioMedia, MediaError> {
    let levelled = level::encode(tools, task, limits).await?;
    let mut encoded = segment::read(&task.rendition.path, levelled.file)?;
    trim_to_length(task, &mut encoded)?;
    Ok(AudioMedia {
        rendition: task.rendition.path.clone(),
        timescale: Timescale(task.rendition.sample_rate),
        segments: segments(task, &encoded)?,
        init: encoded.canonical_init(&[b"iso6", b"cmfc", b"caac"], PRIMING),
        loudness: levelled.loudness,
        cpu_ms: levelled.cpu_ms,
    })
}

/// Holds every access unit against the grid, and ends the last one with the programme.
fn trim_to_length(task: &AudioTask, encoded: &mut EncodedTrack) -> Result<(), MediaError> {
    let path = task.rendition.path.as_str();
    let priming = encoded.init.media_start();
    if priming != i64::from(PRIMING) || encoded.init.timescale != task.rendition.sample_rate {
        let expected = format!(
            "{PRIMING} samples of priming at {} Hz",
            task.rendition.sample_rate
        );
        let found = format!("{priming} at {} Hz", encoded.init.timescale);
        return Err(MediaError::output(path, expected, found));
    }
    let wanted = task.rendition.samples + u64::from(PRIMING);
    let count = encoded.samples.len() as u64;
    if count != wanted.div_ceil(FRAME) {
        return Err(MediaError::FrameCount {
            rendition: path.to_owned(),
            unit: "samples",
            expected: task.rendition.samples,
            found: (count * FRAME).saturating_sub(u64::from(PRIMING)),
        });
    }
    for (n, sample) in (0u64..).zip(&encoded.samples) {
        if sample.time != n * FRAME {
            return Err(MediaError::Timing {
                rendition: path.to_owned(),
                what: format!("access unit {n}"),
                expected: segment::ticks(n * FRAME).0,
                found: segment::ticks(sample.time).0,
            });
        }
    }
    let last = count.saturating_sub(1);
    let rest = u32::try_from(wanted - last * FRAME).unwrap_or(PRIMING);
    if let Some(sample) = encoded.samples.last_mut() {
        sample.duration = rest;
    }
    Ok(())
}

fn segments(task: &AudioTask, encoded: &EncodedTrack) -> Result<Vec<SegmentMedia>, MediaError> {
    let ranges = ranges(task, encoded.samples.len());
    (1u32..)
        .zip(ranges)
        .map(|(number, range)| {
            let place = Place {
                number,
                sequence: number,
                delay: PRIMING,
                keys: false,
            };
            segment::build(&task.rendition.path, encoded, place, &[range])
        })
        .collect()
}

/// Access units of each segment: cut at the first boundary at or after the end of the video segment of the same number.
///
/// Where the video's last segment is shorter than an access unit there may be one audio segment less.
fn ranges(task: &AudioTask, units: usize) -> Vec<Range<usize>> {
    let segment = task.segment_frames.0.max(1);
    let mut ranges = Vec::new();
    let mut start = 0;
    for number in 1..=task.total_frames.0.div_ceil(segment) {
        let frames = FrameCount((number * segment).min(task.total_frames.0));
        let end = task
            .frame_rate
            .samples_in(frames, task.rendition.sample_rate);
        let unit = (end + u64::from(PRIMING)).div_ceil(FRAME);
        let unit = usize::try_from(unit).unwrap_or(usize::MAX).min(units);
        if unit > start {
            ranges.push(start..unit);
            start = unit;
        }
    }
    ranges
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test starts programs")]
pub(crate) mod tests;
