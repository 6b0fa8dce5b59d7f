//! What a job promises that its output contains.
//!
//! # The problem
//! The rules of the formats accept an output that is consistent but wrong: a rung that is missing everywhere, a film
//! with half of its frames, the segments of another job. To find these, a check must know what the output should be
//! without asking the playlists.
//!
//! # The idea
//! An [`Expectation`] is derived from the plan, which was written before anything was encoded, and from the records
//! that the workers wrote for their own segments:
//! - from the plan: the renditions with codec, size, frame rate, language and label; frames, audio samples and
//!   duration; the subtitle streams that were left out;
//! - from the records: size and SHA-256 of every segment, and the SHA-256 of the init segment;
//! - from the caller, as [`Evidence`]: facts that need decoding or other records.
//!
//! [`crate::check`] compares these with what was measured in the objects. Nothing is read from playlists to build an
//! expectation, so an error of the packager cannot confirm itself.
//!
//! # Invariants
//! - Renditions are identified by their folder below the output prefix, for example `video/h264_720p`.
//! - Times are ticks of [`Expectation::timescale`]; audio is counted in samples without priming.
//!
//! # Example
//! ```no_run
//! # fn read_plan() -> reelsmith_core::plan::Plan { unimplemented!() }
//! # let records = Vec::new();
//! use reelsmith_conformance::{Delivery, Expectation, Profiles, check};
//!
//! let expected = Expectation::from_plan(&read_plan(), &records, true);
//! let report = check(&Delivery::default(), Some(&expected), Profiles::REELSMITH);
//! println!("{}", report.summary());
//! ```

use reelsmith_core::ladder::VideoCodec;
use reelsmith_core::plan::{AudioRendition, LeftOut, Plan, TextRendition};
use reelsmith_core::record::{ImagesRecord, RenditionRecord, RungOutput};
use reelsmith_core::time::{FrameCount, FrameRate, Ticks, Timescale};
use reelsmith_core::units::Resolution;

use crate::evidence::Evidence;

/// What the plan and the records of a job promise.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    pub video: Vec<ExpectedVideo>,
    pub audio: Vec<AudioRendition>,
    pub text: Vec<TextRendition>,
    /// Subtitle streams of the mezzanine that were requested and are not in the output.
    pub left_out: Vec<LeftOut>,
    /// Timescale of video, and of [`Expectation::duration`].
    pub timescale: Timescale,
    /// Duration of the programme.
    pub duration: Ticks,
    /// Whether there must be an MPD.
    pub dash: bool,
    /// The segments of each rendition as its workers recorded them. Of a rendition without a record, nothing is compared.
    pub recorded: Vec<RungOutput>,
    /// Thumbnails and poster, if the job makes them.
    pub images: Option<ImagesRecord>,
    /// Facts that neither the plan nor the objects contain, as far as the caller knows them.
    pub evidence: Evidence,
}

/// An expected video rendition.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedVideo {
    /// Folder below the output prefix.
    pub path: String,
    pub codec: VideoCodec,
    pub resolution: Resolution,
    pub frame_rate: FrameRate,
    pub frames: FrameCount,
}

impl ExpectedVideo {
    pub(crate) fn sample_entry(&self) -> &'static str {
        match self.codec {
            VideoCodec::H264 => "avc1",
            VideoCodec::H265 => "hvc1",
        }
    }
}

impl Expectation {
    /// What a plan and the records of its renditions promise.
    pub fn from_plan(plan: &Plan, renditions: &[RenditionRecord], dash: bool) -> Self {
        let recorded = plan.renditions().filter_map(|path| {
            let found = renditions.iter().find(|r| r.output.rendition == path);
            found.map(|r| r.output.clone())
        });
        // A record without segments is that of captions without a cue, which are not published.
        let empty = |path: &str| {
            let mut records = renditions.iter().map(|r| &r.output);
            records.any(|o| o.rendition == path && o.segments.is_empty())
        };
        let video = plan.video.iter().map(|r| ExpectedVideo {
            path: r.path.clone(),
            codec: r.rung.codec,
            resolution: r.rung.resolution,
            frame_rate: plan.frame_rate,
            frames: plan.total_frames,
        });
        Self {
            video: video.collect(),
            audio: plan.audio.clone(),
            text: plan
                .text
                .iter()
                .filter(|t| !empty(&t.path))
                .cloned()
                .collect(),
            left_out: plan.left_out.clone(),
            timescale: plan.timescale,
            duration: plan.duration(),
            dash,
            recorded: recorded.collect(),
            images: None,
            evidence: Evidence::default(),
        }
    }

    /// Duration of the programme in nanoseconds.
    pub fn nanos(&self) -> i128 {
        crate::measure::nanos(self.duration.0.into(), self.timescale.0)
    }
}

#[cfg(test)]
mod tests;
