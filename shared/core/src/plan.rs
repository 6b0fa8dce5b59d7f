//! The plan of a job: which frames each worker encodes, and what is made of them.
//!
//! An encode runs on many workers at once, so the work is divided before it starts. A [`Plan`] divides it twice:
//!
//! - along the **timeline** into [`Chunk`]s: half-open ranges of output frames, each with an IDR picture at its first
//!   frame and a whole number of segments;
//! - across the **ladder** into rung groups: rungs that one worker encodes from one decode.
//!
//! One [`ChunkItem`] (a chunk at the rungs of a group) is one invocation of transcode-chunk. Which chunk length and which
//! groups are best depends on the number of workers; [`schedule`] compares the candidates.
//!
//! The plan holds positions only, no media: [`Timeline`] places the frames of the packet index on the output's constant
//! frame grid and computes for each chunk how a worker cuts it from the source. Every later function reads `plan.json`
//! instead of deciding anything again, so the following always holds:
//!
//! - the chunks tile `[0, total_frames)` without gap or overlap;
//! - every chunk boundary is a segment boundary, and `gop_frames` divides `segment_frames`;
//! - the first plan of a generation is kept: a later attempt reads it even if settings have changed since.
//!
//! ```text
//! frames     0 ........ 96 ........ 192 ....... 250      (segments of 48 frames, chunks of 2 segments)
//! chunks     [0, 96)    [96, 192)   [192, 250)
//! segments   1    2     3     4     5      6             (segment 6 has 10 frames)
//! groups     [0], [1, 2]: the costliest rung alone, two others together -> 3 x 2 = 6 items
//! ```

mod renditions;
pub mod schedule;
mod timeline;

use serde::{Deserialize, Serialize};

use crate::clip::ClipError;
use crate::cost::WorkFigures;
use crate::job::Job;
use crate::keys::{Generation, JobKey};
use crate::ladder::ResolvedRung;
use crate::manifest::Mezzanine;
use crate::probe::{IndexRead, Inspection, PacketIndex, Scan, Seconds, VideoStream};
use crate::tail::{AudioSpan, Tail, TailRefused};
use crate::time::{FrameCount, FrameRange, FrameRate, Ticks, Timescale};
use crate::warning::{Warning, WarningName};

use renditions::Captions;
pub use renditions::{AudioRendition, CLOSED_CAPTIONS, LeftOut, MappedChannel, TextRendition};
use schedule::Workload;
pub use timeline::{Clip, Cut, Cutting, FrameMapping, Timeline, TimelineError};

/// `jobs/{job_key}/plan.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub job_key: JobKey,
    pub generation: Generation,
    /// Frame rate of the output's constant grid.
    pub frame_rate: FrameRate,
    /// Timescale of every video track.
    pub timescale: Timescale,
    /// Number of frames of the output.
    pub total_frames: FrameCount,
    /// The published part of the mezzanine, if it is not all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<Clip>,
    pub mapping: FrameMapping,
    /// Whether workers seek to their chunks or decode from the start, and why.
    pub cutting: Cutting,
    /// How the source index was obtained.
    pub index: IndexRead,
    /// How the source was scanned. Fields become whole frames at the same frame rate.
    pub scan: Scan,
    /// Whether the file's tables and one packet give a decoder everything it must know about the source.
    #[serde(default)]
    pub described: bool,
    /// Presentation time of the first frame on the source's timeline. It is time zero of the output.
    pub video_start: Seconds,
    /// Frames of a segment; the last segment may be shorter.
    pub segment_frames: FrameCount,
    /// Greatest distance between two IDR pictures, in frames; divides `segment_frames`.
    pub gop_frames: FrameCount,
    pub chunks: Vec<Chunk>,
    /// Rung groups: indexes into `video`, the costliest group first. The rungs of a group share one decode.
    pub groups: Vec<Vec<usize>>,
    pub video: Vec<VideoRendition>,
    pub audio: Vec<AudioRendition>,
    pub text: Vec<TextRendition>,
    /// Subtitle streams of the mezzanine that were wanted but are not published.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// Deviations from the delivery that were decided while planning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// The unit of parallel work: a range of output frames that starts with an IDR picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Index from 0.
    pub index: u32,
    /// Its frames on the output's grid.
    pub frames: FrameRange,
    /// Number of its first segment, from 1.
    pub first_segment: u32,
    pub segments: u32,
    /// How its frames are cut from the source.
    pub cut: Cut,
}

/// A video rendition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoRendition {
    /// Folder below the output prefix.
    pub path: String,
    pub rung: ResolvedRung,
}

/// One item of the video Map: a chunk at the rungs of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkItem {
    pub chunk: u32,
    pub group: u32,
}

/// One item of the audio, text and rendition Maps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenditionItem {
    /// Folder of the rendition below the output prefix.
    pub rendition: String,
}

/// Why no plan can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error(transparent)]
    Timeline(#[from] TimelineError),
    /// The audio lasts longer than the pictures, and the policy does not allow that.
    #[error(transparent)]
    Tail(#[from] TailRefused),
    /// `InPoint` and `OutPoint` select no part of the mezzanine.
    #[error(transparent)]
    Clip(#[from] ClipError),
    /// The timestamps restart, and the audio tracks would have to follow them.
    #[error("expected continuous timestamps in a file with audio tracks, found that {reason}")]
    DiscontinuousAudio { reason: String },
    /// The manifest names an audio track that the mezzanine does not have.
    #[error("expected audio stream {wanted} (TrackIndex), found {found} audio streams")]
    NoAudioStream {
        /// Position among the audio streams, from 0.
        wanted: u32,
        found: usize,
    },
}

impl Plan {
    /// Plans a job for a number of parallel workers.
    pub fn new(
        job: &Job,
        inspection: &Inspection,
        index: &PacketIndex,
        generation: Generation,
        workers: u32,
    ) -> Result<Self, PlanError> {
        let timing = &job.profile.timing;
        let source = inspection.probe.video.as_ref();
        let declared = job.manifest.mezzanine.frame_rate;
        let mut timeline = match source {
            Some(source) => Timeline::at_rate(index, source, timing.max_frame_rate, declared)?,
            None => Timeline::of_audio(&index.audio, declared)?,
        };
        let policy = job.manifest.settings.tail_policy.unwrap_or_default();
        let (start, end) = (timeline.video_start(), timeline.video_end());
        let mezzanine = &job.manifest.mezzanine;
        let audio = within_points(&index.audio, mezzanine);
        let tail = match source {
            Some(_) => Tail::new(policy, &audio, start, end)?,
            None => Tail::default(),
        };
        if let Some(end_us) = tail.hold_until_us {
            timeline.hold_until(end_us);
        }
        let start = inspection.probe.start_timecode;
        let clip = timeline.clip(mezzanine.in_point, mezzanine.out_point, start)?;
        if let (true, Cutting::Whole { reason }) = (timeline.is_broken(), &timeline.cutting)
            && !job.manifest.audio_tracks.is_empty()
        {
            return Err(PlanError::DiscontinuousAudio {
                reason: reason.clone(),
            });
        }
        let rate = timeline.frame_rate;
        let found = inspection.probe.audio.len();
        let mut wanted = job.manifest.audio_tracks.iter().map(|t| t.track_index);
        if let Some(wanted) = wanted.find(|index| *index as usize >= found) {
            return Err(PlanError::NoAudioStream { wanted, found });
        }
        let captions = captions(job, inspection, timeline.frames);
        let gop = rate.frames_in_millis(timing.gop_ms);
        let segment = FrameCount(gop.0 * (timing.segment_ms / timing.gop_ms));
        let rungs = source.into_iter().flat_map(|source| {
            let rungs = job.profile.resolve(source.display(), rate, &job.options);
            let (range, depth) = (source.dynamic_range(), source.bit_depth);
            rungs.into_iter().map(move |r| r.for_source(range, depth))
        });
        let video: Vec<VideoRendition> = rungs
            .map(|rung| VideoRendition {
                path: rung.path(),
                rung,
            })
            .collect();
        let work = WorkFigures::measured();
        let workload = Workload {
            frames: timeline.frames.0,
            segment_frames: segment.0,
            longest: timing.chunk_ms / timing.segment_ms,
            start_s: work.invocation_s,
            decode_s: work.decode_seconds(source.map(|source| source.coded)),
            lead_frames: timeline.mean_lead(),
            rungs: video.iter().map(|v| work.frame_seconds(&v.rung)).collect(),
        };
        let schedule = workload.schedule(workers);
        let per_chunk = match timeline.cutting {
            Cutting::Seek => schedule.segments_per_chunk,
            Cutting::Whole { .. } => u64::MAX,
        };
        Ok(Self {
            job_key: job.job_key.clone(),
            generation,
            frame_rate: rate,
            timescale: rate.timescale(),
            total_frames: timeline.frames,
            clip,
            mapping: timeline.mapping,
            index: index.read,
            scan: index.scan,
            described: index.described,
            video_start: timeline.video_start(),
            segment_frames: segment,
            gop_frames: gop,
            chunks: source.map_or_else(Vec::new, |_| chunks(&timeline, segment, per_chunk)),
            groups: schedule.groups,
            audio: renditions::audio(job, inspection, rate, timeline.frames),
            text: captions.text,
            left_out: captions.left_out,
            warnings: renditions::audio_left_out(&job.manifest.audio_tracks, inspection)
                .into_iter()
                .chain(renditions::channels_left_out(
                    &job.manifest.audio_tracks,
                    inspection,
                ))
                .chain(picture_warnings(source, inspection))
                .chain(tail.warnings)
                .collect(),
            video,
            cutting: timeline.cutting,
        })
    }

    /// Duration of the output in [`Plan::timescale`].
    pub fn duration(&self) -> Ticks {
        self.frame_rate.duration_of(self.total_frames)
    }

    /// Most damaged pictures that the title may have: as the manifest states, otherwise 0.1 % of the frames, and always less
    /// than a second.
    pub fn most_damaged(&self, stated: Option<u64>) -> u64 {
        let second = self.frame_rate.frames_in_millis(1_000).0;
        let usual = (self.total_frames.0 / 1_000).min(second.saturating_sub(1));
        stated.unwrap_or(usual)
    }

    /// Duration of the whole mezzanine, and the start of the output within it, in [`Plan::timescale`].
    pub fn whole(&self) -> (Ticks, Ticks) {
        let frames = self.clip.map_or(self.total_frames, |clip| clip.of);
        let start = self.clip.map_or(0, |clip| clip.frames.start);
        let at = |frames| self.frame_rate.duration_of(frames);
        (at(frames), at(FrameCount(start)))
    }

    /// How the frames of an item are cut from the source.
    pub fn cut(&self, item: ChunkItem) -> Option<&Cut> {
        Some(&self.chunks.get(item.chunk as usize)?.cut)
    }

    /// Number of segments of every video rendition.
    pub fn segment_count(&self) -> u32 {
        u32::try_from(self.total_frames.0.div_ceil(self.segment_frames.0.max(1)))
            .unwrap_or(u32::MAX)
    }

    /// Frames of a segment by its number from 1.
    pub fn segment_frames_of(&self, number: u32) -> FrameRange {
        let start = u64::from(number.saturating_sub(1)) * self.segment_frames.0;
        FrameRange {
            start,
            end: (start + self.segment_frames.0).min(self.total_frames.0),
        }
    }

    /// Items of the video Map, the longest first: whole chunks of the costliest group, then of the next group. The shorter
    /// chunks at the end of the title come last and fill the gaps.
    pub fn chunk_items(&self) -> Vec<ChunkItem> {
        let mut items: Vec<(u64, ChunkItem)> = Vec::new();
        for (group, _) in (0u32..).zip(&self.groups) {
            items.extend(self.chunks.iter().map(|chunk| {
                let item = ChunkItem {
                    chunk: chunk.index,
                    group,
                };
                (chunk.frames.count().0, item)
            }));
        }
        items.sort_by_key(|(frames, item)| (std::cmp::Reverse(*frames), item.group, item.chunk));
        items.into_iter().map(|(_, item)| item).collect()
    }

    /// The folder of every rendition: video, then audio, then text.
    pub fn renditions(&self) -> impl Iterator<Item = &str> {
        let video = self.video.iter().map(|r| r.path.as_str());
        let audio = self.audio.iter().map(|r| r.path.as_str());
        video
            .chain(audio)
            .chain(self.text.iter().map(|r| r.path.as_str()))
    }
}

/// The audio spans without the ends that `InPoint` and `OutPoint` cut off.
fn within_points(audio: &[AudioSpan], mezzanine: &Mezzanine) -> Vec<AudioSpan> {
    let within = |span: &AudioSpan| AudioSpan {
        start_us: span.start_us.filter(|_| mezzanine.in_point.is_none()),
        end_us: span.end_us.filter(|_| mezzanine.out_point.is_none()),
        ..*span
    };
    audio.iter().map(within).collect()
}

/// The caption files of the manifest, and the captions of the mezzanine if the manifest allows them.
fn captions(job: &Job, inspection: &Inspection, frames: FrameCount) -> Captions {
    let settings = &job.manifest.settings;
    let mut captions = Captions::of_files(&job.manifest.subtitle_tracks, inspection);
    if settings.takes_embedded_captions() {
        captions.add_streams(inspection);
        let coded = inspection.probe.video.as_ref().map(|video| video.coded);
        let frame_seconds = WorkFigures::measured().decode_seconds(coded);
        let seconds = frame_seconds * frames.0 as f64;
        captions.add_closed_captions(&settings.closed_captions, inspection, seconds);
    }
    captions
}

/// Deviations of the pictures from what was delivered.
fn picture_warnings(source: Option<&VideoStream>, inspection: &Inspection) -> Option<Warning> {
    let Some(source) = source else {
        let file = inspection.mezzanine.object.key.clone();
        return Some(Warning::new(WarningName::AudioOnly, file).because(
            "a video stream",
            "none",
            "the title is published as audio alone",
        ));
    };
    source.dolby_vision.map(|dolby_vision| {
        let base = dolby_vision.base_range().unwrap_or_default().as_str();
        Warning::new(
            WarningName::DolbyVisionDropped,
            format!("stream {}", source.index),
        )
        .because(
            "pictures without dynamic metadata",
            dolby_vision.to_string(),
            format!("its base layer is published as {base}, without the dynamic metadata"),
        )
    })
}

/// Chunks of a number of whole segments; the last chunk takes the rest.
fn chunks(timeline: &Timeline, segment: FrameCount, per_chunk: u64) -> Vec<Chunk> {
    let total = timeline.frames.0;
    let segments = total.div_ceil(segment.0);
    let starts = (0..segments).step_by(usize::try_from(per_chunk.max(1)).unwrap_or(usize::MAX));
    (0u32..)
        .zip(starts)
        .map(|(index, first)| {
            let count = per_chunk.max(1).min(segments - first);
            let frames = FrameRange {
                start: first * segment.0,
                end: ((first + count) * segment.0).min(total),
            };
            Chunk {
                index,
                frames,
                first_segment: u32::try_from(first + 1).unwrap_or(u32::MAX),
                segments: u32::try_from(count).unwrap_or(u32::MAX),
                cut: timeline.cut(frames),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
