//! What the workers inside the Maps share: writing segments once, and leaving a note when they fail.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use reelsmith_contract::payload::WorkerOutput;
use reelsmith_contract::{ErrorName, Failure, Objects, PortResultExt as _};
use reelsmith_core::digest::sha256_hex;
use reelsmith_core::keys::{GenerationKeys, INIT, segment_name};
use reelsmith_core::plan::ChunkItem;
use reelsmith_core::ports::{Clock, ObjectStore, PortErrorKind, Put, PutOptions};
use reelsmith_core::record::{FailureNote, RungOutput, SegmentRecord, WorkerRun};
use reelsmith_core::time::{Timescale, UnixMillis};
use reelsmith_core::units::Bytes as ByteCount;
use reelsmith_media::{Limits, SegmentMedia, Tools};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Invocation;
use crate::metrics::{Metric, emit};

/// Uploads in flight at once: enough to hide the latency of S3, few enough to bound memory.
const UPLOADS: usize = 8;

/// How long a deliverable that never changes may be cached: its key holds the job key.
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// What the functions that run the encoder work with.
pub struct EncoderPorts {
    /// Object storage, for the input bucket.
    pub store: Arc<dyn ObjectStore>,
    /// The output bucket.
    pub outputs: Objects,
    /// Wall-clock time.
    pub clock: Arc<dyn Clock>,
    /// ffmpeg and ffprobe.
    pub tools: Tools,
}

/// One piece of work inside a Map.
pub struct Piece {
    /// What people call it, for example `chunk 12, group 0`.
    pub name: String,
    /// Key of the record that proves it done.
    pub record: String,
    /// Key of the note where it fails.
    pub note: String,
}

impl Piece {
    /// A chunk at the rungs of a group.
    #[must_use]
    pub fn chunk(keys: &GenerationKeys, item: ChunkItem) -> Self {
        Self {
            name: format!("chunk {}, group {}", item.chunk, item.group),
            record: keys.chunk_record(item.chunk, item.group),
            note: keys.failure(&format!("{:05}-{}", item.chunk, item.group)),
        }
    }

    /// A track that is made whole.
    #[must_use]
    pub fn track(keys: &GenerationKeys, rendition: &str) -> Self {
        Self {
            name: format!("rendition {rendition}"),
            record: keys.track_record(rendition),
            note: keys.failure(&rendition.replace('/', "_")),
        }
    }

    /// Thumbnails and poster.
    #[must_use]
    pub fn images(keys: &GenerationKeys) -> Self {
        Self {
            name: "images".to_owned(),
            record: keys.images_record(),
            note: keys.failure("images"),
        }
    }

    /// The assembly of a rendition.
    #[must_use]
    pub fn assembly(keys: &GenerationKeys, rendition: &str) -> Self {
        Self {
            name: format!("rendition {rendition}"),
            record: keys.rendition_record(rendition),
            note: keys.failure(&format!("assemble-{}", rendition.replace('/', "_"))),
        }
    }
}

/// Does a piece of work unless its record is there. `work` tells whether its own record stands.
///
/// # Errors
/// Those of `work` and of storage.
pub async fn once(
    objects: &Objects,
    clock: &dyn Clock,
    piece: &Piece,
    work: impl Future<Output = Result<bool, Failure>>,
) -> Result<WorkerOutput, Failure> {
    let done = objects.find::<serde::de::IgnoredAny>(&piece.record).await?;
    let encoded = if done.is_some() {
        tracing::info!("done before");
        false
    } else {
        noted(objects, clock, piece, work).await?
    };
    Ok(WorkerOutput {
        record: piece.record.clone(),
        encoded,
    })
}

/// A deliverable to be written once.
pub struct Deliverable {
    /// Key in the output bucket.
    pub key: String,
    /// The bytes.
    pub body: Bytes,
    /// `Content-Type`.
    pub content_type: &'static str,
}

/// `Content-Type` of a CMAF init segment or a progressive MP4 (RFC 6381, 4337).
pub fn mp4_type(rendition: &str) -> &'static str {
    if rendition.starts_with("audio/") {
        "audio/mp4"
    } else {
        "video/mp4"
    }
}

/// `Content-Type` of a CMAF media segment.
pub const SEGMENT_TYPE: &str = "video/iso.segment";
/// `Content-Type` of thumbnails and poster.
pub const JPEG_TYPE: &str = "image/jpeg";
/// `Content-Type` of a WebVTT segment.
pub const VTT_TYPE: &str = "text/vtt";

/// A rendition's init segment and segments as deliverables, and what the record says of them.
#[must_use]
pub fn cmaf_outputs(
    keys: &GenerationKeys,
    rendition: &str,
    timescale: Timescale,
    init: Bytes,
    segments: Vec<SegmentMedia>,
) -> (Vec<Deliverable>, RungOutput) {
    let init_sha256 = sha256_hex(&init);
    let mut deliverables = vec![Deliverable {
        key: keys.output(&format!("{rendition}/{INIT}")),
        body: init,
        content_type: mp4_type(rendition),
    }];
    let mut records = Vec::with_capacity(segments.len());
    for segment in segments {
        let name = segment_name(segment.number);
        records.push(SegmentRecord {
            number: segment.number,
            size: ByteCount(segment.bytes.len() as u64),
            sha256: sha256_hex(&segment.bytes),
            start: segment.start,
            duration: segment.duration,
            samples: segment.samples,
            key_frames: segment.key_frames,
            name: name.clone(),
        });
        deliverables.push(Deliverable {
            key: keys.output(&format!("{rendition}/{name}")),
            body: segment.bytes,
            content_type: SEGMENT_TYPE,
        });
    }
    let output = RungOutput {
        rendition: rendition.to_owned(),
        timescale,
        init_sha256,
        segments: records,
    };
    (deliverables, output)
}

/// How a worker ran, for its record.
pub struct Ran<'a> {
    /// Wall-clock time.
    pub clock: &'a dyn Clock,
    /// The invocation.
    pub invocation: &'a Invocation,
    /// Identity of what made the output.
    pub encoder_build: String,
    /// When it began.
    pub started: UnixMillis,
    /// Processor time of the encoder.
    pub cpu_ms: u64,
    /// Bytes read of the mezzanine.
    pub bytes_read: u64,
}

impl Ran<'_> {
    /// The record's part; the end is now. Also says it as metrics.
    #[must_use]
    pub fn record(&self) -> WorkerRun {
        let metrics = [
            (Metric::BytesRead, self.bytes_read as f64),
            (Metric::EncoderSeconds, self.cpu_ms as f64 / 1_000.0),
        ];
        emit(self.invocation, &metrics, &self.invocation.place.function);
        WorkerRun {
            request_id: self.invocation.request_id.clone(),
            worker: self.invocation.worker.clone(),
            started: self.started,
            ended: self.clock.now(),
            cpu_ms: self.cpu_ms,
            bytes_read: ByteCount(self.bytes_read),
            encoder_build: self.encoder_build.clone(),
        }
    }
}

/// Bounds of an encoder within this invocation: it must end, or be ended, while there is time to say so.
#[must_use]
pub fn limits(invocation: &Invocation) -> Limits {
    Limits {
        wall: invocation.remaining.saturating_sub(REPORTING),
        ..Limits::default()
    }
}

/// Time kept back for uploading what was made and for reporting.
const REPORTING: std::time::Duration = std::time::Duration::from_secs(20);

/// Writes deliverables where they are not there yet. One that is there must hold the same bytes.
///
/// # Errors
/// `OutputConflict` where other bytes are there; the storage errors of [`Failure::storage`].
pub async fn write_once(objects: &Objects, deliverables: Vec<Deliverable>) -> Result<(), Failure> {
    let writes: Vec<_> = deliverables
        .into_iter()
        .map(|d| write_one(objects, d))
        .collect();
    futures::stream::iter(writes)
        .buffer_unordered(UPLOADS)
        .try_collect()
        .await
}

async fn write_one(objects: &Objects, deliverable: Deliverable) -> Result<(), Failure> {
    let object = objects.at(&deliverable.key);
    let options = PutOptions {
        content_type: deliverable.content_type.to_owned(),
        cache_control: Some(IMMUTABLE.to_owned()),
        create_only: true,
        ..PutOptions::default()
    };
    let put = objects
        .store()
        .put(&object, deliverable.body.clone(), &options)
        .await
        .on_object(&object)?;
    match put {
        Put::Written => Ok(()),
        Put::Exists => expect_same(objects, &deliverable).await,
    }
}

async fn expect_same(objects: &Objects, ours: &Deliverable) -> Result<(), Failure> {
    let object = objects.at(&ours.key);
    let limit = ours.body.len() as u64;
    match objects.store().get(&object, limit).await {
        Ok(theirs) if theirs == ours.body => return Ok(()),
        Ok(_) => {}
        // A longer object than ours is refused by the limit: it cannot be the same.
        Err(e) if e.kind() == PortErrorKind::Invalid => {}
        Err(e) => return Err(Failure::storage(&e, &object)),
    }
    Err(Failure::new(
        ErrorName::OutputConflict,
        format!("the bytes with SHA-256 {}", sha256_hex(&ours.body)),
        "other bytes",
        object.to_string(),
        "nothing was overwritten; find out which build wrote them, then force a new generation",
    ))
}

/// Writes a record only where none is there, and gives the one that stands.
///
/// # Errors
/// The errors of [`Objects`].
pub async fn stand_by_first<R>(
    objects: &Objects,
    key: &str,
    record: R,
) -> Result<(R, bool), Failure>
where
    R: Serialize + DeserializeOwned + Sync,
{
    match objects.create(key, &record).await? {
        Put::Written => Ok((record, true)),
        Put::Exists => Ok((objects.read(key).await?, false)),
    }
}

/// Runs a worker and leaves a note where it fails, because a Map only tells that too many items failed.
///
/// # Errors
/// Those of `work`.
pub async fn noted<T>(
    objects: &Objects,
    clock: &dyn Clock,
    piece: &Piece,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let result = work.await;
    if let Err(failure) = &result {
        let note = FailureNote {
            error: failure.name.to_string(),
            cause: failure.to_string(),
            item: piece.name.clone(),
            record: piece.record.clone(),
            at: clock.now(),
        };
        if let Err(unwritten) = objects.write(&piece.note, &note).await {
            tracing::warn!(cause = %unwritten, "the failure note could not be written");
        }
    }
    result
}
