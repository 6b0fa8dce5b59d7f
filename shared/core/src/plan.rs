//! The plan of a job: exact chunks, rung groups, segment numbers, expected frames. Index only; no media is copied.

mod captions;
mod cutting;
pub mod schedule;
mod timeline;
mod tracks;
mod view;

use serde::{Deserialize, Serialize};

use crate::cost::Work;
use crate::job::Job;
use crate::keys::{Generation, JobKey};
use crate::ladder::ResolvedRung;
use crate::manifest::CaptionFormat;
use crate::object::ObjectPin;
use crate::probe::{ByteSpan, IndexRead, Inspection, PacketIndex, Scan, Seconds};
use crate::time::{FrameCount, FrameRange, FrameRate, Ticks, Timescale};

pub use captions::pictures::CODEC as CLOSED_CAPTIONS;
pub use cutting::Cutting;
use schedule::Workload;
pub use timeline::{FrameMapping, Timeline};

/// `jobs/{job_key}/plan.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The job.
    pub job_key: JobKey,
    /// The generation.
    pub generation: Generation,
    /// Frame rate of the output's constant grid.
    pub frame_rate: FrameRate,
    /// Timescale of every video track.
    pub timescale: Timescale,
    /// Frames of the output.
    pub total_frames: FrameCount,
    /// How source frames become output frames.
    pub mapping: FrameMapping,
    /// How workers come by the frames of their chunks, and why not by seeking where they do not.
    pub cutting: Cutting,
    /// How the source's index was come by.
    pub index: IndexRead,
    /// How the source was scanned. Fields become whole frames at the same frame rate.
    pub scan: Scan,
    /// Whether tables and one packet tell a decoder all that it must know of the source.
    #[serde(default)]
    pub described: bool,
    /// When the first source frame is shown, on the source's timeline. Time zero of the output.
    pub video_start: Seconds,
    /// Frames of a segment; the last one may be shorter.
    pub segment_frames: FrameCount,
    /// Greatest distance of two IDR pictures, in frames; divides `segment_frames`.
    pub gop_frames: FrameCount,
    /// The chunks, in order; they tile `[0, total_frames)`.
    pub chunks: Vec<Chunk>,
    /// Rung groups: indexes into `video`, the costliest group first. The rungs of a group share one decode.
    pub groups: Vec<Vec<usize>>,
    /// Video renditions.
    pub video: Vec<VideoRendition>,
    /// Audio renditions.
    pub audio: Vec<AudioRendition>,
    /// Caption renditions.
    pub text: Vec<TextRendition>,
    /// Subtitle streams of the mezzanine that are not put out although they were wanted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

/// The unit of parallel work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Index from 0.
    pub index: u32,
    /// Its frames on the output's grid; an IDR at the first.
    pub frames: FrameRange,
    /// Number of its first segment, from 1.
    pub first_segment: u32,
    /// Number of its segments.
    pub segments: u32,
    /// How its frames are cut from the source.
    pub cut: Cut,
}

/// How exactly a range of frames is cut from the source while decoding: seek to a decodable point before it, drop what
/// is not in `[start, end)`. The bounds lie midway between neighbouring frames, so rounding cannot touch a frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Where to seek; absent where decoding starts at the file's beginning.
    pub seek: Option<Seconds>,
    /// Drop frames shown before this; absent for the first chunk.
    pub start: Option<Seconds>,
    /// Drop frames shown at or after this; absent for the last chunk.
    pub end: Option<Seconds>,
    /// Bytes that are worth reading ahead. Others are read too where the decoder asks for them.
    pub reads: Vec<ByteSpan>,
    /// Fragments of which nothing is needed. A demuxer that walks from one fragment to the next is shown free space there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<ByteSpan>,
}

/// A video rendition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoRendition {
    /// Folder below the output prefix.
    pub path: String,
    /// What the encoder is told.
    pub rung: ResolvedRung,
}

/// An audio rendition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioRendition {
    /// Folder below the output prefix, for example `audio/ja`.
    pub path: String,
    /// Index among all streams of the mezzanine.
    pub stream: u32,
    /// BCP 47 tag.
    pub language: String,
    /// What a player shows.
    pub label: String,
    /// Whether a player starts with it.
    pub default: bool,
    /// Samples per second.
    pub sample_rate: u32,
    /// Samples of the whole programme, priming not counted: exactly the duration of the video.
    pub samples: u64,
    /// Channels: 2, or 6 for the surround mix of the same track beside it.
    pub channels: u32,
    /// Whether it is an audio description.
    pub described: bool,
}

impl AudioRendition {
    /// Whether it is the surround mix that stands beside a stereo one.
    #[must_use]
    pub fn is_surround(&self) -> bool {
        self.channels > 2
    }

    /// Whether both are mixes of one track.
    #[must_use]
    pub fn same_track(&self, other: &Self) -> bool {
        self.stream == other.stream
    }
}

/// A caption rendition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextRendition {
    /// Folder below the output prefix, for example `text/en`.
    pub path: String,
    /// The caption file; the mezzanine where they are in it.
    pub source: ObjectPin,
    /// Index among all streams of the mezzanine; absent where the source is a caption file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<u32>,
    /// The format of the file, or the one that the stream is taken out in.
    pub format: CaptionFormat,
    /// BCP 47 tag.
    pub language: String,
    /// What a player shows.
    pub label: String,
    /// Whether a player starts with it.
    pub default: bool,
    /// Whether it is shown even where captions are off.
    pub forced: bool,
    /// Whether it is for the deaf and hard of hearing.
    pub sdh: bool,
}

/// A subtitle stream of the mezzanine that is not put out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Index among all streams of the mezzanine.
    pub stream: u32,
    /// ffmpeg's codec name.
    pub codec: String,
    /// The stream's language tag, as in the file.
    pub language: Option<String>,
    /// Why, as the end of "left out: ".
    pub reason: String,
}

/// One item of the video Map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkItem {
    /// Index of the chunk.
    pub chunk: u32,
    /// Index of the rung group.
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
    /// The index has no frame.
    #[error("expected an index with at least one video frame, found none")]
    NoFrames,
    /// The index has no point where decoding can start.
    #[error(
        "expected a key frame at or before the first frame shown, found none among {packets} packets"
    )]
    NoKeyFrame {
        /// Packets of the index.
        packets: usize,
    },
    /// Neither the stream's rates nor its timestamps tell a frame rate.
    #[error("expected a frame rate, found neither in the stream header nor in {frames} timestamps")]
    NoFrameRate {
        /// Frames of the index.
        frames: usize,
    },
    /// Timestamps that begin anew, and frames that do not come at a constant rate in between.
    #[error(
        "expected continuous timestamps, or a constant frame rate between the breaks; found that {0}"
    )]
    Discontinuous(String),
    /// Timestamps that begin anew, and sound that would have to follow them.
    #[error("expected continuous timestamps in a file with audio tracks, found that {0}")]
    DiscontinuousSound(String),
    /// A manifest's audio track that the probe does not have.
    #[error("expected audio stream {wanted} (TrackIndex), found {found} audio streams")]
    NoAudioStream {
        /// Position among the audio streams, from 0.
        wanted: u32,
        /// How many there are.
        found: usize,
    },
}

impl Plan {
    /// Plans a job for a number of parallel workers.
    ///
    /// # Errors
    /// Where the index has no decodable frame, or the job names a stream that the probe does not have.
    pub fn new(
        job: &Job,
        inspection: &Inspection,
        index: &PacketIndex,
        generation: Generation,
        workers: u32,
    ) -> Result<Self, PlanError> {
        let timing = &job.profile.timing;
        let settings = &job.manifest.settings;
        let embedded_too = settings.takes_embedded_captions();
        let (mut text, mut left_out) =
            captions::text(&job.manifest.subtitle_tracks, inspection, embedded_too);
        let timeline = Timeline::new(index, &inspection.probe.video, timing.max_frame_rate)?;
        if let (true, Cutting::Whole { reason }) = (timeline.is_broken(), &timeline.cutting)
            && !job.manifest.audio_tracks.is_empty()
        {
            return Err(PlanError::DiscontinuousSound(reason.clone()));
        }
        if embedded_too {
            let coded = inspection.probe.video.coded;
            let decoding = Work::measured().decode_seconds(coded) * timeline.frames.0 as f64;
            let language = settings.closed_caption_language.as_deref();
            captions::pictures::add(language, inspection, decoding, &mut text, &mut left_out);
        }
        let rate = timeline.frame_rate;
        let gop = rate.frames_in_millis(timing.gop_ms);
        let segment = FrameCount(gop.0 * (timing.segment_ms / timing.gop_ms));
        let stream = &inspection.probe.video;
        let source = stream.display();
        let video: Vec<VideoRendition> = job
            .profile
            .resolve(source, rate, &job.options)
            .into_iter()
            .map(|rung| rung.carrying(stream.dynamic_range(), stream.bit_depth))
            .map(|rung| VideoRendition {
                path: rung.path(),
                rung,
            })
            .collect();
        let workload = Workload::new(
            &Work::measured(),
            &inspection.probe.video,
            &timeline,
            segment.0,
            timing.chunk_ms / timing.segment_ms,
            &video,
        );
        let schedule = workload.schedule(workers);
        let per_chunk = match timeline.cutting {
            Cutting::Seek => schedule.segments_per_chunk,
            Cutting::Whole { .. } => u64::MAX,
        };
        let chunks = chunks(&timeline, segment, per_chunk);
        Ok(Self {
            job_key: job.job_key.clone(),
            generation,
            frame_rate: rate,
            timescale: rate.timescale(),
            total_frames: timeline.frames,
            mapping: timeline.mapping,
            cutting: timeline.cutting.clone(),
            index: index.read,
            scan: index.scan,
            described: index.described,
            video_start: timeline.video_start(),
            segment_frames: segment,
            gop_frames: gop,
            chunks,
            groups: schedule.groups,
            audio: tracks::audio(job, inspection, rate, timeline.frames)?,
            text,
            left_out,
            video,
        })
    }

    /// Duration of the output in [`Plan::timescale`].
    #[must_use]
    pub fn duration(&self) -> Ticks {
        self.frame_rate.duration_of(self.total_frames)
    }

    /// Bytes worth reading ahead for an item; empty where nothing is known.
    #[must_use]
    pub fn reads(&self, item: ChunkItem) -> Vec<ByteSpan> {
        let chunk = self.chunks.get(item.chunk as usize);
        chunk.map_or(Vec::new(), |c| c.cut.reads.clone())
    }

    /// Bytes that an item needs nothing of.
    #[must_use]
    pub fn hidden(&self, item: ChunkItem) -> Vec<ByteSpan> {
        let chunk = self.chunks.get(item.chunk as usize);
        chunk.map_or(Vec::new(), |c| c.cut.hidden.clone())
    }

    /// Number of segments of every video rendition.
    #[must_use]
    pub fn segment_count(&self) -> u32 {
        u32::try_from(self.total_frames.0.div_ceil(self.segment_frames.0.max(1)))
            .unwrap_or(u32::MAX)
    }

    /// Frames of a segment by its number from 1.
    #[must_use]
    pub fn segment_frames_of(&self, number: u32) -> FrameRange {
        let start = u64::from(number.saturating_sub(1)) * self.segment_frames.0;
        FrameRange {
            start,
            end: (start + self.segment_frames.0).min(self.total_frames.0),
        }
    }

    /// Items of the video Map, the longest pieces first: whole chunks of the costliest group, then of the next; what is left
    /// over at the title's end comes last and fills the gaps.
    #[must_use]
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

    /// Every rendition's folder: video, then audio, then text.
    pub fn renditions(&self) -> impl Iterator<Item = &str> {
        let video = self.video.iter().map(|r| r.path.as_str());
        let audio = self.audio.iter().map(|r| r.path.as_str());
        video
            .chain(audio)
            .chain(self.text.iter().map(|r| r.path.as_str()))
    }
}

/// Whole segments per chunk; the last chunk takes what is left.
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
