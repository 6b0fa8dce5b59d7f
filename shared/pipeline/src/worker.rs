//! What the workers inside the Maps share: doing each unit of work once, writing deliverables once, recording the run, and
//! leaving a note after a failure.
//!
//! **Problem.** Step Functions retries a failed or timed-out worker, and a redriven execution repeats a whole Map. Two calls
//! can even work on the same unit at the same time. None of this may change a published byte or lose finished work, and a Map
//! that fails reports only that too many items failed.
//!
//! **Idea.** Each [`WorkUnit`] has one record in S3, and the record proves that the unit is done:
//!
//! 1. [`EncoderPorts::run_once`] looks for the record. If it exists, nothing is encoded.
//! 2. The worker encodes and calls [`write_once`]: each deliverable is created with `If-None-Match: *`. If another call was
//!    faster, its bytes are compared: equal bytes are accepted, other bytes are `OutputConflict`.
//! 3. The worker calls [`create_or_read`] with its record. Of two records the first one counts, and both calls return it.
//! 4. If anything fails, a [`FailureNote`] is written beside the records, and `fail-job` reports the latest note whose record
//!    was never written.
//!
//! **Invariant.** A record is written after every deliverable that it names, and neither is ever overwritten.
//!
//! ```text
//! let unit = WorkUnit::chunk(&keys, input.item);
//! let work = async {
//!     let run = RunRecorder::start(clock, &invocation);
//!     let (files, output) = cmaf_outputs(&keys, rendition, timescale, init, segments);
//!     write_once(&ports.outputs, files).await?;
//!     let record = ChunkRecord { outputs: vec![output], run: run.finish(build, cpu_ms, bytes_read), .. };
//!     create_or_read(&ports.outputs, &unit.record, record).await.map(|(_, created)| created)
//! };
//! ports.run_once(&unit, work).await
//! ```

use std::sync::Arc;
use std::time::Duration;

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
use reelsmith_media::{Limits, MediaError, SegmentMedia, Tools};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use tempfile::TempDir;

use crate::Invocation;
use crate::metrics::{Metric, emit};

/// Concurrent uploads: enough to hide the latency of S3, few enough to bound memory.
const UPLOADS: usize = 8;
/// Time that is reserved for uploading the result and for reporting.
const REPORTING: Duration = Duration::from_secs(20);

/// `Cache-Control` of a deliverable that never changes: its key contains the job key.
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// `Content-Type` of a CMAF media segment.
pub const SEGMENT_TYPE: &str = "video/iso.segment";
/// `Content-Type` of thumbnails and poster.
pub const JPEG_TYPE: &str = "image/jpeg";
/// `Content-Type` of a WebVTT segment.
pub const VTT_TYPE: &str = "text/vtt";

/// The ports of the functions that run the encoder.
pub struct EncoderPorts {
    /// Object storage, for the input bucket.
    pub store: Arc<dyn ObjectStore>,
    /// The output bucket.
    pub outputs: Objects,
    pub clock: Arc<dyn Clock>,
    pub tools: Tools,
}

impl EncoderPorts {
    /// Does a unit of work unless its record exists. `work` returns whether it created the record; otherwise another call
    /// was faster.
    pub async fn run_once(
        &self,
        unit: &WorkUnit,
        work: impl Future<Output = Result<bool, Failure>>,
    ) -> Result<WorkerOutput, Failure> {
        let done = self.outputs.find::<IgnoredAny>(&unit.record).await?;
        let encoded = if done.is_some() {
            tracing::info!("already done");
            false
        } else {
            self.with_failure_note(unit, work).await?
        };
        Ok(WorkerOutput {
            record: unit.record.clone(),
            encoded,
        })
    }

    /// Runs `work` and leaves a note if it fails, because a Map reports only that too many items failed.
    pub async fn with_failure_note<T>(
        &self,
        unit: &WorkUnit,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let result = work.await;
        if let Err(failure) = &result {
            let note = FailureNote {
                error: failure.name.to_string(),
                cause: failure.to_string(),
                item: unit.name.clone(),
                record: unit.record.clone(),
                at: self.clock.now(),
            };
            if let Err(unwritten) = self.outputs.write(&unit.note, &note).await {
                tracing::warn!(cause = %unwritten, "the failure note could not be written");
            }
        }
        result
    }
}

/// One unit of work inside a Map.
pub struct WorkUnit {
    /// Name for people, for example `chunk 12, group 0`.
    pub name: String,
    /// Key of the record that proves that the unit is done.
    pub record: String,
    /// Key of the note that is written if the unit fails.
    pub note: String,
}

impl WorkUnit {
    fn new(keys: &GenerationKeys, name: String, record: String, note: &str) -> Self {
        let note = keys.failure(&note.replace('/', "_"));
        Self { name, record, note }
    }

    /// A chunk at the rungs of one group.
    pub fn chunk(keys: &GenerationKeys, item: ChunkItem) -> Self {
        let ChunkItem { chunk, group } = item;
        let record = keys.chunk_record(chunk, group);
        let name = format!("chunk {chunk}, group {group}");
        Self::new(keys, name, record, &format!("{chunk:05}-{group}"))
    }

    /// A track of sound or text, which is made as a whole.
    pub fn track(keys: &GenerationKeys, rendition: &str) -> Self {
        let name = format!("rendition {rendition}");
        Self::new(keys, name, keys.track_record(rendition), rendition)
    }

    /// Thumbnails and poster.
    pub fn images(keys: &GenerationKeys) -> Self {
        Self::new(keys, "images".to_owned(), keys.images_record(), "images")
    }

    /// The assembly of a rendition.
    pub fn assembly(keys: &GenerationKeys, rendition: &str) -> Self {
        let name = format!("rendition {rendition}");
        let note = format!("assemble-{rendition}");
        Self::new(keys, name, keys.rendition_record(rendition), &note)
    }
}

/// Measures one worker's run, for its record.
pub struct RunRecorder<'a> {
    clock: &'a dyn Clock,
    invocation: &'a Invocation,
    started: UnixMillis,
}

impl<'a> RunRecorder<'a> {
    /// A run that starts now.
    pub fn start(clock: &'a dyn Clock, invocation: &'a Invocation) -> Self {
        Self {
            clock,
            invocation,
            started: clock.now(),
        }
    }

    /// The run, which ends now; also emits its metrics. `encoder_build` identifies the program that made the output,
    /// `cpu_ms` is the encoder's processor time, `bytes_read` counts the bytes read of the input bucket.
    pub fn finish(&self, encoder_build: String, cpu_ms: u64, bytes_read: u64) -> WorkerRun {
        let metrics = [
            (Metric::BytesRead, bytes_read as f64),
            (Metric::EncoderSeconds, cpu_ms as f64 / 1_000.0),
        ];
        emit(self.invocation, &metrics, &self.invocation.function.name);
        WorkerRun {
            request_id: self.invocation.request_id.clone(),
            worker: self.invocation.worker.clone(),
            started: self.started,
            ended: self.clock.now(),
            cpu_ms,
            bytes_read: ByteCount(bytes_read),
            encoder_build,
        }
    }
}

/// The limits of an encoder within this invocation: it must end, or be ended, while there is time to report.
pub fn encoder_limits(invocation: &Invocation) -> Limits {
    Limits {
        wall: invocation.remaining.saturating_sub(REPORTING),
        ..Limits::default()
    }
}

/// A temporary folder for an encoder's files, deleted when it is dropped.
pub fn temporary_folder() -> Result<TempDir, MediaError> {
    tempfile::tempdir().map_err(MediaError::io("making a temporary folder"))
}

/// A file of the output that is written once.
pub struct Deliverable {
    /// Key in the output bucket.
    pub key: String,
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

/// The init segment and the segments of a rendition as deliverables, and the part of the record that describes them.
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

/// Creates deliverables that do not exist yet, and compares those that exist.
///
/// # Errors
/// `OutputConflict` if an object exists with other bytes; the errors of [`Failure::storage`].
pub async fn write_once(objects: &Objects, deliverables: Vec<Deliverable>) -> Result<(), Failure> {
    let writes = deliverables.into_iter().map(|d| write_one(objects, d));
    futures::stream::iter(writes.collect::<Vec<_>>())
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
    let body = deliverable.body.clone();
    let put = objects.store().put(&object, body, &options).await;
    match put.on_object(&object)? {
        Put::Written => Ok(()),
        Put::Exists => compare_existing(objects, &deliverable).await,
    }
}

async fn compare_existing(objects: &Objects, ours: &Deliverable) -> Result<(), Failure> {
    let object = objects.at(&ours.key);
    let limit = ours.body.len() as u64;
    match objects.store().get(&object, limit).await {
        Ok(theirs) if theirs == ours.body => return Ok(()),
        Ok(_) => {}
        // An object that is longer than ours exceeds the limit, so it cannot be equal.
        Err(e) if e.kind() == PortErrorKind::Invalid => {}
        Err(e) => return Err(Failure::storage(&e, &object)),
    }
    Err(Failure::new(
        ErrorName::OutputConflict,
        format!("the bytes with SHA-256 {}", sha256_hex(&ours.body)),
        "other bytes",
        object.to_string(),
        "nothing was overwritten; find out which build wrote the object, then force a new generation",
    ))
}

/// Creates a record, or reads the one that exists. Returns the record in S3, and whether this call created it.
pub async fn create_or_read<R>(
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
