//! Audio: one track of a mezzanine as AAC segments with a normalised loudness.
//!
//! A track is encoded as a whole, not chunk by chunk: every AAC encode begins with priming, so each seam would drift by
//! it. The work has these passes (`level`):
//!
//! 1. [`measure_argv`]: mix the track to the output's channels, measure loudness and true peak (EBU R 128), and keep the
//!    mix as a file, so that the mezzanine is read once.
//! 2. [`measure_limited_argv`]: if peaks would exceed the ceiling, measure the mix after gain and limiter.
//! 3. [`encode_argv`]: apply one constant gain, and a limiter if needed; encode.
//! 4. [`measure_result_argv`]: measure the encoded file. If it misses the target, refine the correction and go to 3.
//!
//! The result is cut at the first access unit at or after the end of the video segment of the same number.
//!
//! Invariants: the track has exactly as many samples as the video lasts; every sound is at its time in the source
//! as far as its timestamps are exact (`continuity`); silence fills gaps; every access
//! unit is at its planned sample. Violations are [`MediaError::FrameCount`] or [`MediaError::Timing`].
//!
//! The encode of a stereo track (inputs shortened):
//!
//! ```text
//! ffmpeg -f w64 -i mix.w64 -af aformat=…,volume=volume=6.9dB:precision=float,alimiter=…,apad=whole_len=480480,
//!   atrim=end_sample=480480 -c:a aac -profile:a aac_low -b:a 128000 -frag_duration 4000000 -f mp4 … audio.mp4
//! ```

mod argv;
mod comparison;
mod continuity;
mod level;
mod loudness;

use std::path::PathBuf;

use bytes::Bytes;
use reelsmith_core::ladder::AudioSettings;
use reelsmith_core::plan::{AudioRendition, Plan};
use reelsmith_core::probe::{Probe, Seconds};
use reelsmith_core::record::Loudness;
use reelsmith_core::sniff::Container;
use reelsmith_core::time::{FrameCount, FrameRate, Timescale};
use reelsmith_core::warning::Warning;
use reelsmith_isobmff::EncodedTrack;
use reelsmith_sound::Treatment;

use crate::error::MediaError;
use crate::process::Limits;
use crate::segment::{self, SegmentMedia};
use crate::tools::Tools;

pub use argv::{encode_argv, measure_argv, measure_limited_argv, measure_result_argv};
pub use comparison::{PublishedSound, compare_sound};
pub use loudness::{Correction, LoudnessMeasurement};

/// Everything needed to encode one audio rendition.
#[derive(Clone, Debug, PartialEq)]
pub struct AudioTask {
    /// Address of the mezzanine at the range proxy.
    pub url: String,
    pub container: Container,
    pub rendition: AudioRendition,
    /// Channels that the mezzanine states for the stream; they may change midway.
    pub source_channels: u32,
    pub settings: AudioSettings,
    /// When the first video frame is shown: time zero of the output.
    pub video_start: Seconds,
    /// Frame rate of the video.
    pub frame_rate: FrameRate,
    /// Frames of a video segment.
    pub segment_frames: FrameCount,
    /// Frames of the video.
    pub total_frames: FrameCount,
    /// Jumps of the source's timestamps that are corrected, in milliseconds.
    pub least_jump_ms: u64,
    /// Encode silence instead of the mezzanine's sound.
    pub mock: bool,
    /// An empty folder for the encoder's files.
    pub directory: PathBuf,
}

/// An encoded audio track.
#[derive(Clone, Debug, PartialEq)]
pub struct AudioMedia {
    /// Folder of the rendition.
    pub rendition: String,
    /// The sample rate.
    pub timescale: Timescale,
    /// The init segment; its edit list removes the encoder's priming.
    pub init: Bytes,
    pub segments: Vec<SegmentMedia>,
    /// Loudness before and after, and the gain.
    pub loudness: Loudness,
    /// The gain and the limiter of the encode, for [`compare_sound`].
    pub treatment: Treatment,
    /// Jumps of the source's timestamps that were corrected, in milliseconds.
    pub least_jump_ms: u64,
    /// Gaps and overlaps of the source's timestamps.
    pub warnings: Vec<Warning>,
    /// Processor time of all passes in milliseconds, user and system.
    pub cpu_ms: u64,
}

impl AudioTask {
    /// The task for the audio rendition with the path `rendition`.
    ///
    /// # Errors
    /// [`MediaError::Plan`] if the plan has no such rendition.
    pub fn new(
        url: impl Into<String>,
        probe: &Probe,
        plan: &Plan,
        rendition: &str,
        settings: &AudioSettings,
        directory: impl Into<PathBuf>,
    ) -> Result<Self, MediaError> {
        let found = plan.audio.iter().find(|r| r.path == rendition);
        let found = found
            .ok_or_else(|| MediaError::plan(format!("an audio rendition {rendition}"), "none"))?;
        let channels = probe.audio.iter().find(|s| s.index == found.stream);
        Ok(Self {
            url: url.into(),
            container: probe.container,
            rendition: found.clone(),
            source_channels: channels.map_or(0, |stream| stream.channels),
            settings: settings.clone(),
            video_start: plan.video_start,
            frame_rate: plan.frame_rate,
            segment_frames: plan.segment_frames,
            total_frames: plan.total_frames,
            least_jump_ms: continuity::COARSE_MS,
            mock: false,
            directory: directory.into(),
        })
    }

    /// The same task; with `mock`, silence of the same length is encoded and the mezzanine is not read.
    pub fn mocked(mut self, mock: bool) -> Self {
        self.mock = mock;
        self
    }
}

/// Samples of an AAC-LC access unit (ISO/IEC 14496-3, 4.5.2.1.1).
const FRAME: u64 = 1_024;
/// Samples of encoder delay, which the edit list removes.
const PRIMING: u32 = 1_024;

/// Measures and encodes an audio track, and checks its length to the sample.
///
/// # Errors
/// [`MediaError::FrameCount`] if the encoder made another number of samples; [`MediaError::Timing`] if an access unit is at
/// another sample; [`MediaError::Output`] if its file has another structure; and the errors of
/// [`run_with_progress`](crate::process::run_with_progress).
pub async fn encode_audio(
    tools: &Tools,
    task: &AudioTask,
    limits: &Limits,
) -> Result<AudioMedia, MediaError> {
    let leveled = level::encode(tools, task, limits).await?;
    let mut encoded = segment::read(&task.rendition.path, leveled.file)?;
    trim_to_length(task, &mut encoded)?;
    Ok(AudioMedia {
        rendition: task.rendition.path.clone(),
        timescale: Timescale(task.rendition.sample_rate),
        segments: segment::build_audio(&task.rendition.path, &encoded, PRIMING, ends(task))?,
        init: encoded.canonical_init(
            &[b"iso6", b"cmfc", b"caac"],
            PRIMING,
            Some(segment::language(&task.rendition.language)),
        ),
        loudness: leveled.loudness,
        treatment: leveled.treatment,
        least_jump_ms: leveled.least_jump_ms,
        warnings: leveled.warnings,
        cpu_ms: leveled.cpu_ms,
    })
}

/// Checks the time of every access unit, and shortens the last one to the end of the programme.
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
        let found = (count * FRAME).saturating_sub(u64::from(PRIMING));
        let expected = task.rendition.samples;
        return Err(MediaError::frame_count(path, "samples", expected, found));
    }
    for (n, sample) in (0u64..).zip(&encoded.samples) {
        if sample.time != n * FRAME {
            let unit = format!("access unit {n}");
            return Err(MediaError::timing(path, unit, n * FRAME, sample.time));
        }
    }
    let last = count.saturating_sub(1);
    let rest = u32::try_from(wanted - last * FRAME).unwrap_or(PRIMING);
    if let Some(sample) = encoded.samples.last_mut() {
        sample.duration = rest;
    }
    Ok(())
}

/// The end of each video segment in samples.
fn ends(task: &AudioTask) -> impl Iterator<Item = u64> {
    let (segment, total) = (task.segment_frames.0.max(1), task.total_frames.0);
    let ends = (1..=total.div_ceil(segment)).map(move |n| FrameCount((n * segment).min(total)));
    ends.map(move |frames| {
        task.frame_rate
            .samples_in(frames, task.rendition.sample_rate)
    })
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test starts programs")]
pub(crate) mod tests;
