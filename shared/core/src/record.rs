//! Records that workers write once their segments are in the bucket.
//!
//! They are the evidence for everything that follows: assembly proves that they tile the timeline, packaging writes
//! playlists from them, and validation compares them with the objects. A record is written after the segments that it
//! names, and the first record of a work unit is kept.

use serde::{Deserialize, Serialize};

use crate::caption_comparison::CaptionComparison;
use crate::comparison::PictureComparison;
use crate::encode::EncodeJob;
use crate::keys::{Generation, JobKey};
use crate::sound::SoundComparison;
use crate::submission::Outputs;
use crate::time::{FrameRange, Ticks, Timescale, UnixMillis};
use crate::units::{Bytes, Resolution};
use crate::warning::Warning;

/// A range of bytes within a segment, for `EXT-X-BYTERANGE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ByteRange {
    pub offset: u64,
    pub length: u64,
}

/// One media segment as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentRecord {
    /// Number within the rendition, from 1.
    pub number: u32,
    /// File name below the rendition's folder.
    pub name: String,
    pub size: Bytes,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
    /// Decoding time of the first sample (`tfdt`), in the track's timescale.
    pub start: Ticks,
    /// Duration in the track's timescale.
    pub duration: Ticks,
    /// Number of samples: frames of video, access units of audio, cues of text.
    pub samples: u32,
    /// The key frames of a video segment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_frames: Vec<KeyFrame>,
}

/// A key frame of a video segment, as an I-frame playlist lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFrame {
    /// Presentation time on the output's timeline, in the track's timescale.
    pub time: Ticks,
    /// From the start of its fragment (`moof`) to the end of the picture.
    pub range: ByteRange,
}

/// What one worker wrote for one rung or track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RungOutput {
    /// Folder of the rendition, for example `video/h264_720p`.
    pub rendition: String,
    /// Timescale of its track.
    pub timescale: Timescale,
    /// SHA-256 of the init segment of this worker's encoder. It must be equal in all chunks of a rendition.
    pub init_sha256: String,
    pub segments: Vec<SegmentRecord>,
}

/// When and where a worker ran, and which resources it used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerRun {
    /// Request id of the invocation.
    pub request_id: String,
    /// Name of the execution environment (the log stream).
    pub worker: String,
    pub started: UnixMillis,
    pub ended: UnixMillis,
    /// Processor time of the encoder in milliseconds, user and system.
    pub cpu_ms: u64,
    /// Bytes read of the mezzanine.
    pub bytes_read: Bytes,
    /// The encoder binary.
    pub encoder_build: String,
}

/// `jobs/{job_key}/chunks/{chunk}-{group}.json`: one chunk at the rungs of one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkRecord {
    pub job_key: JobKey,
    pub generation: Generation,
    pub chunk: u32,
    pub group: u32,
    /// Its frames on the output's grid.
    pub frames: FrameRange,
    /// One output for each rung of the group, in the plan's order.
    pub outputs: Vec<RungOutput>,
    /// How the pictures of each output compare with the mezzanine's, in the same order; empty in mock mode.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<PictureComparison>,
    /// Deviations from the delivery.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    pub run: WorkerRun,
}

/// The record of an audio rendition or a caption track.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrackRecord {
    pub job_key: JobKey,
    pub generation: Generation,
    pub output: RungOutput,
    /// Loudness before and after the encode; audio only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loudness: Option<Loudness>,
    /// Comparison with the source's sound; audio only, and absent for silence in place of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound: Option<SoundComparison>,
    /// Comparison with another reading of what was delivered; captions only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captions: Option<CaptionComparison>,
    /// Deviations from the delivery.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    pub run: WorkerRun,
}

/// `jobs/{job_key}/encode.json`: the job of an encoding service whose outputs are taken over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncodeRecord {
    pub job: EncodeJob,
    /// When check-job found that it had ended.
    pub ended: UnixMillis,
}

/// Loudness according to EBU R 128. Silence has no loudness and no peak, so those values are absent for it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loudness {
    /// Integrated loudness of the source's mix in LUFS.
    pub source_lufs: Option<f64>,
    /// True peak of the source's mix in dBTP.
    pub source_peak_dbtp: Option<f64>,
    /// Applied gain in dB.
    pub gain_db: f64,
    /// Integrated loudness of the encoded rendition in LUFS, measured after decoding it.
    #[serde(default)]
    pub result_lufs: Option<f64>,
    /// True peak of the encoded rendition in dBTP.
    #[serde(default)]
    pub result_peak_dbtp: Option<f64>,
}

/// `jobs/{job_key}/images.json`: thumbnails on sheets, and the poster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImagesRecord {
    pub job_key: JobKey,
    pub generation: Generation,
    /// Size of one thumbnail.
    pub tile: Resolution,
    /// Thumbnails in a row of a sheet.
    pub columns: u32,
    pub rows: u32,
    /// Thumbnails on all sheets together; the last sheet may be partly empty.
    pub count: u32,
    /// Time from one thumbnail to the next, in `timescale`.
    pub interval: Ticks,
    /// The plan's timescale.
    pub timescale: Timescale,
    /// The sheets in order, then the poster and the WebVTT track.
    pub files: Vec<ImageFile>,
    pub run: WorkerRun,
}

impl ImagesRecord {
    /// The number of sheets.
    pub fn sheets(&self) -> u32 {
        self.count.div_ceil((self.columns * self.rows).max(1))
    }
}

/// A sheet of thumbnails, the poster, or the WebVTT track that refers to the sheets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageFile {
    /// Path below the output prefix.
    pub path: String,
    pub size: Bytes,
    pub sha256: String,
}

/// `jobs/{job_key}/renditions/{rendition}.json`: all segments of a rendition, proven to tile the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenditionRecord {
    pub output: RungOutput,
    /// Key of the progressive MP4, if one was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progressive: Option<String>,
    /// Comparison of audio of an encoding service with the source's sound; for our own it is in the [`TrackRecord`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound: Option<SoundComparison>,
}

/// `jobs/working/{job_key}/failures/{item}.json`: why a worker inside a Map failed.
///
/// A Distributed Map reports only that too many items failed, so fail-job reads the reason from these notes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureNote {
    /// The stable error name.
    pub error: String,
    /// What was expected, what was found, where, and what to do.
    pub cause: String,
    /// The item, for example `chunk 12, group 0`.
    pub item: String,
    /// Key of the record that the worker would have written. If it exists, a later attempt succeeded and the note is
    /// stale.
    pub record: String,
    pub at: UnixMillis,
}

/// `outputs/{asset}/current.json`: the stable pointer to what is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Current {
    pub job_key: JobKey,
    pub generation: Generation,
    pub outputs: Outputs,
    pub published: UnixMillis,
}
