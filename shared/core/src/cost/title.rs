//! What is known of a title when its cost is asked: before a plan, or from it.

use crate::cost::Work;
use crate::job::Job;
use crate::ladder::{OutputOptions, Profile, ResolvedRung};
use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::plan::schedule::Workload;
use crate::probe::Inspection;
use crate::time::{FrameCount, FrameRate};
use crate::units::{BitsPerSecond, Bytes, Resolution};

/// A title and what is made of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Title {
    /// Frames of the output.
    pub frames: FrameCount,
    /// Frame rate of the output.
    pub frame_rate: FrameRate,
    /// Picture of the mezzanine.
    pub source: Resolution,
    /// Size of the mezzanine.
    pub mezzanine: Bytes,
    /// What is read of it for one audio track.
    pub sound: Bytes,
    /// The rungs.
    pub rungs: Vec<ResolvedRung>,
    /// Indexes into `rungs`: each group is a worker's.
    pub groups: Vec<Vec<usize>>,
    /// Chunks of each group.
    pub chunks: u64,
    /// Frames of a segment.
    pub segment_frames: FrameCount,
    /// Audio renditions: one of stereo for each track, and one of its surround mix where it is kept.
    pub audio: u64,
    /// Rate of all of them together.
    pub audio_rate: BitsPerSecond,
    /// Caption tracks.
    pub text: u64,
}

/// Channels from which on a track has a surround mix.
const SURROUND: u32 = 6;

/// Workers where nobody says how many: the default of `MAX_CONCURRENCY`.
const WORKERS: u32 = 40;

/// The facts of a mezzanine that decide what its encode costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Picture for display.
    pub picture: Resolution,
    /// Frame rate of the output.
    pub frame_rate: FrameRate,
    /// Frames of the output.
    pub frames: FrameCount,
    /// Size of the file.
    pub size: Bytes,
    /// What is read of it for one audio track: all of it, but where sound lies in pieces that are far apart.
    pub sound: Bytes,
}

impl Source {
    /// A source as validate-input found it; frames as if the rate were constant. `None` where the probe tells no rate.
    #[must_use]
    pub fn inspected(inspection: &Inspection, max_frame_rate: u32) -> Option<Self> {
        let probe = &inspection.probe;
        let video = &probe.video;
        let mut rate = video.average_frame_rate.or(video.base_frame_rate)?;
        while u64::from(rate.num()) > u64::from(max_frame_rate.max(1)) * u64::from(rate.den()) {
            rate = FrameRate::new(rate.num(), rate.den().checked_mul(2)?)?;
        }
        let micros = u64::try_from(probe.duration_us).unwrap_or_default();
        Some(Self {
            picture: video.display(),
            frame_rate: rate,
            frames: rate.frames_in_millis(micros.div_ceil(1000)),
            size: inspection.size,
            sound: inspection.size,
        })
    }
}

impl Title {
    /// A title before there is a plan, cut for as many workers as a deployment has unless it says otherwise.
    #[must_use]
    pub fn new(
        profile: &Profile,
        options: &OutputOptions,
        source: Source,
        audio: u64,
        text: u64,
    ) -> Self {
        let timing = &profile.timing;
        let rate = source.frame_rate;
        let rungs = profile.resolve(source.picture, rate, options);
        let title = Self {
            frames: source.frames,
            frame_rate: rate,
            source: source.picture,
            mezzanine: source.size,
            sound: source.sound,
            groups: Vec::new(),
            chunks: 0,
            segment_frames: rate.frames_in_millis(timing.segment_ms),
            audio,
            audio_rate: BitsPerSecond(profile.audio.bitrate.0 * audio),
            text,
            rungs,
        };
        title.scheduled(profile, WORKERS)
    }

    /// The same title with chunks and rung groups as the planner picks them for a number of workers.
    #[must_use]
    pub fn scheduled(self, profile: &Profile, workers: u32) -> Self {
        let timing = &profile.timing;
        let work = Work::measured();
        let workload = Workload {
            frames: self.frames.0,
            segment_frames: self.segment_frames.0,
            longest: timing.chunk_ms / timing.segment_ms,
            start_s: work.invocation_s,
            decode_s: work.decode_seconds(self.source),
            lead_frames: work.lead_in_frames(self.frame_rate),
            rungs: self.rungs.iter().map(|r| work.frame_seconds(r)).collect(),
        };
        let schedule = workload.schedule(workers);
        let chunk = self.segment_frames.0.max(1) * schedule.segments_per_chunk;
        Self {
            chunks: self.frames.0.div_ceil(chunk),
            groups: schedule.groups,
            ..self
        }
    }

    /// A job's title before there is a plan.
    #[must_use]
    pub fn of_job(job: &Job, source: Source) -> Self {
        let audio = job.manifest.audio_tracks.len() as u64;
        let text = job.manifest.subtitle_tracks.len() as u64;
        let title = Self::new(&job.profile, &job.options, source, audio, text);
        title.with_surround(&job.profile, &job.manifest)
    }

    /// The same title with a surround mix beside the stereo of each track that the manifest says has one, where the
    /// profile keeps it.
    #[must_use]
    pub fn with_surround(mut self, profile: &Profile, manifest: &Manifest) -> Self {
        let tracks = manifest.audio_tracks.iter();
        let surround = tracks.filter(|t| t.channels.is_some_and(|c| c >= SURROUND));
        let tracks = surround.count() as u64;
        if let Some(rate) = profile.audio.surround_bitrate {
            self.audio += tracks;
            self.audio_rate.0 += rate.0 * tracks;
        }
        self
    }

    /// A title as it was planned.
    #[must_use]
    pub fn planned(job: &Job, inspection: &Inspection, plan: &Plan) -> Self {
        Self {
            frames: plan.total_frames,
            frame_rate: plan.frame_rate,
            source: inspection.probe.video.display(),
            mezzanine: inspection.size,
            sound: inspection.size,
            rungs: plan.video.iter().map(|v| v.rung.clone()).collect(),
            groups: plan.groups.clone(),
            chunks: plan.chunks.len() as u64,
            segment_frames: plan.segment_frames,
            audio: plan.audio.len() as u64,
            audio_rate: BitsPerSecond(
                plan.audio
                    .iter()
                    .map(|a| job.profile.audio.bitrate_of(a.channels).0)
                    .sum(),
            ),
            text: plan.text.len() as u64,
        }
    }

    /// Seconds of programme.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.frames.0 as f64 * f64::from(self.frame_rate.den()) / f64::from(self.frame_rate.num())
    }

    /// Segments of one video rendition.
    #[must_use]
    pub fn segments(&self) -> u64 {
        self.frames.0.div_ceil(self.segment_frames.0.max(1))
    }
}
