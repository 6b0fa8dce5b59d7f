//! What workers write once their segments are there: the evidence that assembly, packaging and validation work from.

use serde::{Deserialize, Serialize};

use crate::encode::EncodeJob;
use crate::keys::{Generation, JobKey};
use crate::submission::Outputs;
use crate::time::{FrameRange, Ticks, Timescale, UnixMillis};
use crate::units::{Bytes, Resolution};

/// A range of bytes within a segment, for `EXT-X-BYTERANGE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ByteRange {
    /// First byte.
    pub offset: u64,
    /// Number of bytes.
    pub length: u64,
}

/// One deliverable media segment as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentRecord {
    /// Number within the rendition, from 1.
    pub number: u32,
    /// File name below the rendition's folder.
    pub name: String,
    /// Size.
    pub size: Bytes,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Decoding time of the first sample (`tfdt`), in the track's timescale.
    pub start: Ticks,
    /// Duration in the track's timescale.
    pub duration: Ticks,
    /// Samples: frames of video, access units of audio, cues of text.
    pub samples: u32,
    /// Each key frame of a video segment: from its fragment's start to the picture's end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_frames: Vec<KeyFrame>,
}

/// A key frame of a video segment, as an I-frame playlist lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFrame {
    /// Presentation time on the output's timeline, in the track's timescale.
    pub time: Ticks,
    /// The bytes that hold it, its `moof` included.
    pub range: ByteRange,
}

/// What one worker made of one rung.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RungOutput {
    /// Folder of the rendition, for example `video/h264_720p`.
    pub rendition: String,
    /// Timescale of its track.
    pub timescale: Timescale,
    /// SHA-256 of the init segment this worker's encoder made: equal in all chunks, or the job fails.
    pub init_sha256: String,
    /// Its segments, in order.
    pub segments: Vec<SegmentRecord>,
}

/// When, where and at what expense a worker ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerRun {
    /// Request id of the invocation.
    pub request_id: String,
    /// Name of the execution environment (the log stream).
    pub worker: String,
    /// Start.
    pub started: UnixMillis,
    /// End.
    pub ended: UnixMillis,
    /// Processor time of the encoder in milliseconds, user and system.
    pub cpu_ms: u64,
    /// Bytes read of the mezzanine.
    pub bytes_read: Bytes,
    /// The encoder binary that ran.
    pub encoder_build: String,
}

/// `jobs/{job_key}/chunks/{chunk}-{group}.json`: written after the segments it names; the first writer's record stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkRecord {
    /// The job.
    pub job_key: JobKey,
    /// The generation.
    pub generation: Generation,
    /// Index of the chunk.
    pub chunk: u32,
    /// Index of the rung group.
    pub group: u32,
    /// Its frames.
    pub frames: FrameRange,
    /// One output for each rung of the group, in the plan's order.
    pub outputs: Vec<RungOutput>,
    /// How it ran.
    pub run: WorkerRun,
}

/// The record of an audio rendition or a caption track, encoded whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrackRecord {
    /// The job.
    pub job_key: JobKey,
    /// The generation.
    pub generation: Generation,
    /// Its segments.
    pub output: RungOutput,
    /// Loudness before and after, for audio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loudness: Option<Loudness>,
    /// How it ran.
    pub run: WorkerRun,
}

/// `jobs/{job_key}/encode.json`: the encoding service's job whose outputs are taken over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncodeRecord {
    /// The job as it ended.
    pub job: EncodeJob,
    /// When it was seen to have ended.
    pub ended: UnixMillis,
}

/// Loudness by EBU R 128.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loudness {
    /// Integrated loudness of the source's mix in LUFS; absent where it is silent.
    pub source_lufs: Option<f64>,
    /// True peak of the source's mix in dBTP; absent where it is silent.
    pub source_peak_dbtp: Option<f64>,
    /// Gain that was applied, in dB.
    pub gain_db: f64,
    /// Integrated loudness of the encoded rendition in LUFS, decoded and measured; absent where it is silent.
    #[serde(default)]
    pub result_lufs: Option<f64>,
    /// True peak of the encoded rendition in dBTP; absent where it is silent.
    #[serde(default)]
    pub result_peak_dbtp: Option<f64>,
}

/// `jobs/{job_key}/images.json`: thumbnails on sheets, and the poster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImagesRecord {
    /// The job.
    pub job_key: JobKey,
    /// The generation.
    pub generation: Generation,
    /// Size of one thumbnail.
    pub tile: Resolution,
    /// Thumbnails beside each other on a sheet.
    pub columns: u32,
    /// Rows of a sheet.
    pub rows: u32,
    /// Thumbnails on all sheets together; the last sheet may have room left.
    pub count: u32,
    /// From one thumbnail to the next, in the plan's timescale.
    pub interval: Ticks,
    /// The plan's timescale.
    pub timescale: Timescale,
    /// The sheets in order, then the poster and the WebVTT track.
    pub files: Vec<ImageFile>,
    /// How it ran.
    pub run: WorkerRun,
}

impl ImagesRecord {
    /// Number of sheets.
    #[must_use]
    pub fn sheets(&self) -> u32 {
        self.count.div_ceil((self.columns * self.rows).max(1))
    }
}

/// An image, or the text that tells of images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageFile {
    /// Path below the output prefix.
    pub path: String,
    /// Size.
    pub size: Bytes,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// `jobs/{job_key}/renditions/{rendition}.json`: all segments of a rendition, proven to tile the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenditionRecord {
    /// The rendition, its timescale, the init segment's hash and every segment.
    pub output: RungOutput,
    /// Key of the progressive MP4 where one was joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progressive: Option<String>,
}

/// `jobs/working/{job_key}/failures/{item}.json`: why a worker inside a Map gave up. A Distributed Map reports only that too many
/// items failed, so `fail-job` reads the reason here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureNote {
    /// Stable error name.
    pub error: String,
    /// What was expected, what was found, where, what to do.
    pub cause: String,
    /// The item, for example `chunk 12, group 0`.
    pub item: String,
    /// Key of the record the worker would have written: where it is there, a later try succeeded and the note is stale.
    pub record: String,
    /// When.
    pub at: UnixMillis,
}

/// `outputs/{asset}/current.json`: the stable pointer to what is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Current {
    /// The published job.
    pub job_key: JobKey,
    /// Its generation.
    pub generation: Generation,
    /// What it consists of.
    pub outputs: Outputs,
    /// When it was published.
    pub published: UnixMillis,
}
