//! What the job says the output must be.

use crate::evidence::Evidence;
use reelsmith_core::ladder::VideoCodec;
use reelsmith_core::plan::{LeftOut, Plan};
use reelsmith_core::record::{ImagesRecord, RenditionRecord, SegmentRecord};
use reelsmith_core::time::{FrameCount, FrameRate, Ticks, Timescale};
use reelsmith_core::units::Resolution;

/// What the plan and the records of a job promise.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// Video renditions.
    pub video: Vec<ExpectedVideo>,
    /// Audio renditions.
    pub audio: Vec<ExpectedAudio>,
    /// Caption renditions.
    pub text: Vec<ExpectedText>,
    /// Subtitle streams of the mezzanine that are not put out although they were wanted.
    pub left_out: Vec<LeftOut>,
    /// Timescale of video, and of [`Expectation::duration`].
    pub timescale: Timescale,
    /// Duration of the programme.
    pub duration: Ticks,
    /// Greatest distance of two IDR pictures, in frames.
    pub gop_frames: FrameCount,
    /// Whether there must be an MPD.
    pub dash: bool,
    /// Thumbnails and poster, where they were made.
    pub images: Option<ExpectedImages>,
    /// What objects do not tell, as far as the caller knows it.
    pub evidence: Evidence,
}

/// A video rendition that must be there.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedVideo {
    /// Folder below the output prefix.
    pub path: String,
    /// Codec.
    pub codec: VideoCodec,
    /// Picture size.
    pub resolution: Resolution,
    /// Frame rate.
    pub frame_rate: FrameRate,
    /// Frames.
    pub frames: FrameCount,
    /// Its segments as the workers recorded them.
    pub recorded: Recorded,
}

/// An audio rendition that must be there.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedAudio {
    /// Folder below the output prefix.
    pub path: String,
    /// BCP 47 tag.
    pub language: String,
    /// What a player shows.
    pub label: String,
    /// Whether a player starts with it.
    pub default: bool,
    /// Samples per second.
    pub sample_rate: u32,
    /// Samples, priming not counted.
    pub samples: u64,
    /// Channels.
    pub channels: u32,
    /// Whether it is an audio description.
    pub described: bool,
    /// Its segments as the worker recorded them.
    pub recorded: Recorded,
}

/// A caption rendition that must be there.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedText {
    /// Folder below the output prefix.
    pub path: String,
    /// BCP 47 tag.
    pub language: String,
    /// What a player shows.
    pub label: String,
    /// Whether it is shown even where captions are off.
    pub forced: bool,
    /// Whether it is for the deaf and hard of hearing.
    pub sdh: bool,
    /// Its segments as the worker recorded them.
    pub recorded: Recorded,
}

/// Thumbnails and poster that must be there.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedImages {
    /// Size of a thumbnail.
    pub tile: Resolution,
    /// Thumbnails beside each other on a sheet.
    pub columns: u32,
    /// Rows of a sheet.
    pub rows: u32,
    /// Thumbnails.
    pub count: u32,
    /// From one thumbnail to the next.
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

/// The record of a rendition, as far as it is compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// SHA-256 of the init segment; empty where there is no record.
    pub init_sha256: String,
    /// The segments; empty where there is no record.
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
        Self {
            video: video(plan, &recorded),
            audio: audio(plan, &recorded),
            text: text(plan, &recorded),
            left_out: plan.left_out.clone(),
            timescale: plan.timescale,
            duration: plan.duration(),
            gop_frames: plan.gop_frames,
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

    /// Every rendition's folder with its record.
    pub fn recorded(&self) -> impl Iterator<Item = (&str, &Recorded)> {
        let video = self.video.iter().map(|r| (r.path.as_str(), &r.recorded));
        let audio = self.audio.iter().map(|r| (r.path.as_str(), &r.recorded));
        let text = self.text.iter().map(|r| (r.path.as_str(), &r.recorded));
        video.chain(audio).chain(text)
    }
}

fn video(plan: &Plan, recorded: &dyn Fn(&str) -> Recorded) -> Vec<ExpectedVideo> {
    let renditions = plan.video.iter();
    renditions
        .map(|r| ExpectedVideo {
            path: r.path.clone(),
            codec: r.rung.codec,
            resolution: r.rung.resolution,
            frame_rate: plan.frame_rate,
            frames: plan.total_frames,
            recorded: recorded(&r.path),
        })
        .collect()
}

fn audio(plan: &Plan, recorded: &dyn Fn(&str) -> Recorded) -> Vec<ExpectedAudio> {
    let renditions = plan.audio.iter();
    renditions
        .map(|r| ExpectedAudio {
            path: r.path.clone(),
            language: r.language.clone(),
            label: r.label.clone(),
            default: r.default,
            sample_rate: r.sample_rate,
            samples: r.samples,
            channels: r.channels,
            described: r.described,
            recorded: recorded(&r.path),
        })
        .collect()
}

fn text(plan: &Plan, recorded: &dyn Fn(&str) -> Recorded) -> Vec<ExpectedText> {
    let renditions = plan.text.iter();
    renditions
        .map(|r| ExpectedText {
            path: r.path.clone(),
            language: r.language.clone(),
            label: r.label.clone(),
            forced: r.forced,
            sdh: r.sdh,
            recorded: recorded(&r.path),
        })
        .collect()
}

#[cfg(test)]
mod tests;
