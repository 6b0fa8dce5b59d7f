//! What the workers inside the Maps share: writing segments once, and leaving a note when they fail.

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use reelsmith_contract::{ErrorName, Failure, Objects};
use reelsmith_core::digest::sha256_hex;
use reelsmith_core::ports::{Clock, PortErrorKind, Put, PutOptions};
use reelsmith_core::record::FailureNote;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Uploads in flight at once: enough to hide the latency of S3, few enough to bound memory.
const UPLOADS: usize = 8;

/// How long a deliverable that never changes may be cached: its key holds the job key.
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable";

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
/// `Content-Type` of a WebVTT segment.
pub const VTT_TYPE: &str = "text/vtt";

/// Writes deliverables where they are not there yet. One that is there must hold the same bytes.
///
/// # Errors
/// `OutputConflict` where other bytes are there; the storage errors of [`Failure::storage`].
pub async fn write_once(objects: &Objects, deliverables: Vec<Deliverable>) -> Result<(), Failure> {
    futures::stream::iter(deliverables)
        .map(|deliverable| write_one(objects, deliverable))
        .buffer_unordered(UPLOADS)
        .try_collect()
        .await
}

async fn write_one(objects: &Objects, deliverable: Deliverable) -> Result<(), Failure> {
    let object = objects.at(&deliverable.key);
    let options = PutOptions {
        content_type: deliverable.content_type.to_owned(),
        cache_control: Some(IMMUTABLE.to_owned()),
        content_encoding: None,
        create_only: true,
    };
    let put = objects.store().put(&object, deliverable.body.clone(), &options).await;
    match put.map_err(|e| Failure::storage(&e, &object))? {
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
        Err(e) if e.kind == PortErrorKind::Invalid => {}
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
pub async fn stand_by_first<R>(objects: &Objects, key: &str, record: R) -> Result<(R, bool), Failure>
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
    note_key: &str,
    record_key: &str,
    item: String,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let result = work.await;
    if let Err(failure) = &result {
        let note = FailureNote {
            error: failure.name.to_string(),
            cause: failure.to_string(),
            item,
            record: record_key.to_owned(),
            at: clock.now(),
        };
        if let Err(unwritten) = objects.write(note_key, &note).await {
            tracing::warn!(cause = %unwritten, "the failure note could not be written");
        }
    }
    result
}
