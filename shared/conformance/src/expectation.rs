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
//! - A rendition without a record has an empty [`Recorded`], which no rule compares.
//!
//! # Example
//! ```no_run
//! # fn read_plan() -> reelsmith_core::plan::Plan { unimplemented!() }
//! # let records = Vec::new();
//! use reelsmith_conformance::{Delivery, Expectation, Sets, check};
//!
//! let expected = Expectation::from_plan(&read_plan(), &records, true);
//! let report = check(&Delivery::default(), Some(&expected), Sets::ALL);
//! println!("{}", report.summary());
//! ```

use reelsmith_core::ladder::VideoCodec;
use reelsmith_core::plan::{LeftOut, Plan};
use reelsmith_core::record::{ImagesRecord, RenditionRecord, SegmentRecord};
use reelsmith_core::time::{FrameCount, FrameRate, Ticks, Timescale};
use reelsmith_core::units::Resolution;

use crate::evidence::Evidence;

/// What the plan and the records of a job promise.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    pub video: Vec<ExpectedVideo>,
    pub audio: Vec<ExpectedAudio>,
    pub text: Vec<ExpectedText>,
    /// Subtitle streams of the mezzanine that were requested and are not in the output.
    pub left_out: Vec<LeftOut>,
    /// Timescale of video, and of [`Expectation::duration`].
    pub timescale: Timescale,
    /// Duration of the programme.
    pub duration: Ticks,
    /// Whether there must be an MPD.
    pub dash: bool,
    /// Thumbnails and poster, if the job makes them.
    pub images: Option<ExpectedImages>,
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
    pub recorded: Recorded,
}

impl ExpectedVideo {
    pub(crate) fn sample_entry(&self) -> &'static str {
        match self.codec {
            VideoCodec::H264 => "avc1",
            VideoCodec::H265 => "hvc1",
        }
    }
}

/// An expected audio rendition.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedAudio {
    /// Folder below the output prefix.
    pub path: String,
    /// BCP 47 tag.
    pub language: String,
    /// The name that a player shows.
    pub label: String,
    /// Whether a player starts with it.
    pub default: bool,
    /// Samples per second.
    pub sample_rate: u32,
    /// Samples without priming.
    pub samples: u64,
    pub channels: u32,
    /// Whether it is an audio description.
    pub described: bool,
    pub recorded: Recorded,
}

/// An expected caption rendition.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedText {
    /// Folder below the output prefix.
    pub path: String,
    /// BCP 47 tag.
    pub language: String,
    /// The name that a player shows.
    pub label: String,
    /// Whether it is shown even if captions are off.
    pub forced: bool,
    /// Whether it is for the deaf and hard of hearing.
    pub sdh: bool,
    pub recorded: Recorded,
}

/// Expected thumbnails and poster.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedImages {
    /// Size of a thumbnail.
    pub tile: Resolution,
    /// Thumbnails in a row of a sheet.
    pub columns: u32,
    /// Rows of a sheet.
    pub rows: u32,
    /// Number of thumbnails.
    pub count: u32,
    /// Time from one thumbnail to the next.
    pub interval: Ticks,
    /// Timescale of [`ExpectedImages::interval`].
    pub timescale: Timescale,
    /// Path and size in bytes of every file.
    pub files: Vec<(String, u64)>,
}

impl ExpectedImages {
    /// What a record promises.
    #[must_use]
    pub fn new(record: &ImagesRecord) -> Self {
        let files = record.files.iter().map(|f| (f.path.clone(), f.size.0));
        Self {
            tile: record.tile,
            columns: record.columns,
            rows: record.rows,
            count: record.count,
            interval: record.interval,
            timescale: record.timescale,
            files: files.collect(),
        }
    }

    /// Number of sheets.
    #[must_use]
    pub fn sheets(&self) -> u32 {
        self.count.div_ceil((self.columns * self.rows).max(1))
    }
}

/// The segments of a rendition as the workers recorded them; empty without a record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// SHA-256 of the init segment.
    pub init_sha256: String,
    pub segments: Vec<SegmentRecord>,
}

impl Expectation {
    /// What a plan and the records of its renditions promise.
    #[must_use]
    pub fn from_plan(plan: &Plan, renditions: &[RenditionRecord], dash: bool) -> Self {
        let recorded = |path: &str| {
            let found = renditions.iter().find(|r| r.output.rendition == path);
            found.map_or_else(Recorded::default, |r| Recorded {
                init_sha256: r.output.init_sha256.clone(),
                segments: r.output.segments.clone(),
            })
        };
        let video = plan.video.iter().map(|r| ExpectedVideo {
            path: r.path.clone(),
            codec: r.rung.codec,
            resolution: r.rung.resolution,
            frame_rate: plan.frame_rate,
            frames: plan.total_frames,
            recorded: recorded(&r.path),
        });
        let audio = plan.audio.iter().map(|r| ExpectedAudio {
            path: r.path.clone(),
            language: r.language.clone(),
            label: r.label.clone(),
            default: r.default,
            sample_rate: r.sample_rate,
            samples: r.samples,
            channels: r.channels,
            described: r.described,
            recorded: recorded(&r.path),
        });
        let text = plan.text.iter().map(|r| ExpectedText {
            path: r.path.clone(),
            language: r.language.clone(),
            label: r.label.clone(),
            forced: r.forced,
            sdh: r.sdh,
            recorded: recorded(&r.path),
        });
        Self {
            video: video.collect(),
            audio: audio.collect(),
            text: text.collect(),
            left_out: plan.left_out.clone(),
            timescale: plan.timescale,
            duration: plan.duration(),
            dash,
            images: None,
            evidence: Evidence::default(),
        }
    }

    /// Duration of the programme in nanoseconds.
    #[must_use]
    pub fn nanos(&self) -> i128 {
        crate::measure::nanos(self.duration.0.into(), self.timescale.0)
    }

    /// The folder of every rendition with its record.
    pub fn recorded(&self) -> impl Iterator<Item = (&str, &Recorded)> {
        let video = self.video.iter().map(|r| (r.path.as_str(), &r.recorded));
        let audio = self.audio.iter().map(|r| (r.path.as_str(), &r.recorded));
        let text = self.text.iter().map(|r| (r.path.as_str(), &r.recorded));
        video.chain(audio).chain(text)
    }
}

#[cfg(test)]
mod tests;
