//! The facts of a title that decide its cost, before it is planned or from its plan.

use crate::clip::{Clock, range};
use crate::cost::WorkFigures;
use crate::job::Job;
use crate::ladder::{OutputOptions, Profile, ResolvedRung};
use crate::manifest::{Manifest, Mezzanine};
use crate::plan::Plan;
use crate::plan::schedule::Workload;
use crate::probe::{Inspection, VideoStream};
use crate::time::{FrameCount, FrameRate};
use crate::timecode::Timecode;
use crate::units::{BitsPerSecond, Bytes, Resolution};

/// A title and its renditions.
#[derive(Clone, Debug, PartialEq)]
pub struct Title {
    pub frames: FrameCount,
    pub frame_rate: FrameRate,
    /// Picture of the mezzanine; `None` for audio alone.
    pub source: Option<Resolution>,
    /// Size of the mezzanine.
    pub mezzanine: Bytes,
    /// Bytes read of the mezzanine for one audio track.
    pub sound: Bytes,
    pub rungs: Vec<ResolvedRung>,
    /// Rung groups, as indexes into `rungs`.
    pub groups: Vec<Vec<usize>>,
    pub chunks: u64,
    pub segment_frames: FrameCount,
    /// Number of audio renditions: one in stereo for each track, and one for each surround mix that is kept.
    pub audio: u64,
    /// Bit rate of all audio renditions together.
    pub audio_rate: BitsPerSecond,
    pub text: u64,
}

/// Fewest channels of a track with a surround mix.
const SURROUND: u32 = 6;

/// Number of workers if it is not given: the default of `MAX_CONCURRENCY`.
const DEFAULT_WORKERS: u32 = 40;

/// The facts of a mezzanine that decide what its encode costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Picture size for display; `None` for audio alone.
    pub picture: Option<Resolution>,
    pub frame_rate: FrameRate,
    pub frames: FrameCount,
    pub size: Bytes,
    /// Bytes read for one audio track: the whole file, unless the sound is stored in pieces that are far apart.
    pub sound: Bytes,
}

impl Source {
    /// A source as validate-input found it, with frames as if its rate were constant. `None` if the rate is unknown.
    pub fn inspected(inspection: &Inspection, max_frame_rate: u32) -> Option<Self> {
        let probe = &inspection.probe;
        let rate = match &probe.video {
            Some(video) => video.average_frame_rate.or(video.base_frame_rate)?,
            None => FrameRate::new(max_frame_rate, 1)?,
        };
        let rate = rate.halved_to(max_frame_rate);
        let micros = u64::try_from(probe.duration_us).unwrap_or_default();
        Some(Self {
            picture: probe.video.as_ref().map(VideoStream::display),
            frame_rate: rate,
            frames: rate.frames_in_millis(micros.div_ceil(1000)),
            size: inspection.size,
            sound: inspection.size,
        })
    }

    /// The part between `InPoint` and `OutPoint`; the whole source if they are invalid, which the plan reports.
    #[must_use]
    pub fn clipped(self, mezzanine: &Mezzanine, start: Option<Timecode>) -> Self {
        let rate = self.frame_rate;
        let grid = rate;
        let clock = Clock { rate, grid, start };
        match range(mezzanine.in_point, mezzanine.out_point, &clock, self.frames) {
            Ok(Some(part)) => Self {
                frames: part.count(),
                ..self
            },
            _ => self,
        }
    }
}

impl Title {
    /// A title before it is planned, divided for the default number of workers.
    pub fn new(
        profile: &Profile,
        options: &OutputOptions,
        source: Source,
        audio: u64,
        text: u64,
    ) -> Self {
        let timing = &profile.timing;
        let rate = source.frame_rate;
        let picture = source.picture.into_iter();
        let rungs = picture.flat_map(|size| profile.resolve(size, rate, options));
        let rungs = rungs.collect();
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
        title.scheduled(profile, DEFAULT_WORKERS)
    }

    /// The same title with the chunks and rung groups that the planner chooses for a number of workers.
    pub fn scheduled(self, profile: &Profile, workers: u32) -> Self {
        if self.rungs.is_empty() {
            return self;
        }
        let timing = &profile.timing;
        let work = WorkFigures::measured();
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

    /// The title of a job before it is planned.
    pub fn of_job(job: &Job, source: Source) -> Self {
        let audio = job.manifest.audio_tracks.len() as u64;
        let text = job.manifest.subtitle_tracks.len() as u64;
        let title = Self::new(&job.profile, &job.options, source, audio, text);
        title.with_surround(&job.profile, &job.manifest)
    }

    /// The same title with a surround mix for each track that has one according to the manifest, if the profile keeps it.
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

    /// The title of a planned job.
    pub fn planned(job: &Job, inspection: &Inspection, plan: &Plan) -> Self {
        Self {
            frames: plan.total_frames,
            frame_rate: plan.frame_rate,
            source: inspection.probe.video.as_ref().map(VideoStream::display),
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
    pub fn seconds(&self) -> f64 {
        self.frames.0 as f64 * f64::from(self.frame_rate.den()) / f64::from(self.frame_rate.num())
    }

    /// Number of renditions of all kinds.
    pub fn renditions(&self) -> u64 {
        self.rungs.len() as u64 + self.audio + self.text
    }

    /// Number of segments of one video rendition.
    pub fn segments(&self) -> u64 {
        self.frames.0.div_ceil(self.segment_frames.0.max(1))
    }
}
