//! Reading objects, whole and in ranges.

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use backon::{ExponentialBuilder, Retryable as _};
use bytes::{Buf as _, Bytes, BytesMut};
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{PortError, PortErrorKind, PortResult, chain};

use super::{S3Store, explain_denial};
use crate::error::port_error;

/// How often a body that ended early is requested again. The SDK retries requests, but not bodies.
const BODY_RETRIES: usize = 2;

/// The largest buffer that is allocated before any byte has arrived, in bytes.
const FIRST_BUFFER: usize = 8 << 20;

/// Which bytes of an object are wanted.
#[derive(Clone, Copy)]
enum Wanted {
    /// All of an object of at most this many bytes.
    AtMost(u64),
    /// A range within the object.
    Range { start: u64, length: u64 },
}

/// Why a read failed. Only a body that ended early is read again here.
enum ReadError {
    Body(PortError),
    Request(PortError),
}

impl S3Store {
    pub(super) async fn read_whole(&self, object: &ObjectRef, limit: u64) -> PortResult<Bytes> {
        let request = self.get_of(object);
        read(object, request, Wanted::AtMost(limit), None).await
    }

    /// Reads `[start, end)`; `end` is within the object. The module docs explain the order of the requests.
    pub(super) async fn read_range(
        &self,
        pin: &ObjectPin,
        start: u64,
        end: u64,
    ) -> PortResult<Bytes> {
        if start >= end {
            self.check_pin(pin).await?;
            return Ok(Bytes::new());
        }
        let wanted = Wanted::Range {
            start,
            length: end - start,
        };
        let newest = self
            .get_of(&pin.object)
            .if_match(quoted(&pin.etag))
            .range(format!("bytes={start}-{}", end - 1));
        let found = read(
            &pin.object,
            newest.clone(),
            wanted,
            pin.version_id.as_deref(),
        )
        .await;
        match (found, &pin.version_id) {
            (Err(error), Some(id)) if is_elsewhere(&error) => {
                read(&pin.object, newest.version_id(id), wanted, Some(id)).await
            }
            (found, _) => found,
        }
    }

    /// HTTP has no empty range, so `HeadObject` checks the pin of one.
    async fn check_pin(&self, pin: &ObjectPin) -> PortResult<()> {
        self.head_of(&pin.object)
            .set_version_id(pin.version_id.clone())
            .if_match(quoted(&pin.etag))
            .send()
            .await
            .map(drop)
            .map_err(|e| explain_denial(port_error(&pin.object, e)))
    }

    fn get_of(&self, object: &ObjectRef) -> GetObjectFluentBuilder {
        self.client
            .get_object()
            .bucket(&object.bucket)
            .key(&object.key)
    }
}

/// Whether the pinned version may still exist under its version id.
fn is_elsewhere(error: &PortError) -> bool {
    matches!(
        error.kind(),
        PortErrorKind::Changed | PortErrorKind::NotFound
    )
}

fn quoted(etag: &str) -> String {
    format!("\"{etag}\"")
}

/// Reads the wanted bytes; `Changed` if the answer is of another version than `version`.
async fn read(
    object: &ObjectRef,
    request: GetObjectFluentBuilder,
    wanted: Wanted,
    version: Option<&str>,
) -> PortResult<Bytes> {
    let once = || async {
        let answer = request.clone().send().await.map_err(|e| {
            ReadError::Request(explain_denial(range_is_a_pin(port_error(object, e))))
        })?;
        if version.is_some() && answer.version_id.as_deref() != version {
            return Err(ReadError::Request(another_version(
                object, version, &answer,
            )));
        }
        body(object, answer, wanted).await
    };
    once.retry(
        ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(std::time::Duration::from_millis(100))
            .with_max_times(BODY_RETRIES),
    )
    .when(|e| matches!(e, ReadError::Body(_)))
    .await
    .map_err(|e| match e {
        ReadError::Body(error) | ReadError::Request(error) => error,
    })
}

/// Ranges end within the pinned size, so an object that cannot satisfy one is not the pinned object.
fn range_is_a_pin(error: PortError) -> PortError {
    match error.code() {
        Some("InvalidRange") => error.with_kind(PortErrorKind::Changed),
        _ => error,
    }
}

async fn body(
    object: &ObjectRef,
    answer: GetObjectOutput,
    wanted: Wanted,
) -> Result<Bytes, ReadError> {
    let whole = answer.content_range.is_none();
    let announced = answer.content_length.and_then(|n| u64::try_from(n).ok());
    match wanted {
        Wanted::AtMost(limit) => {
            let too_long = |found| Err(ReadError::Request(too_long(object, limit, found)));
            if let Some(found) = announced.filter(|found| *found > limit) {
                return too_long(found);
            }
            // One more byte than allowed reveals an object of unknown length that is too long.
            let length = announced.unwrap_or(limit.saturating_add(1));
            let bytes = collect(object, answer.body, 0, length).await?;
            match bytes.len() as u64 {
                found if found > limit => too_long(found),
                _ => complete(object, bytes, announced),
            }
        }
        Wanted::Range { start, length } => {
            // A server may answer a range request with the whole object (RFC 9110, 14.2).
            let skip = if whole { start } else { 0 };
            let bytes = collect(object, answer.body, skip, length).await?;
            complete(object, bytes, Some(length))
        }
    }
}

/// Reads `length` bytes after the first `skip`, or fewer if the stream ends.
async fn collect(
    object: &ObjectRef,
    mut stream: ByteStream,
    mut skip: u64,
    length: u64,
) -> Result<Bytes, ReadError> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let mut bytes = BytesMut::with_capacity(length.min(FIRST_BUFFER));
    while bytes.len() < length {
        let next = stream.try_next().await;
        let broke = |e| broke_off(object, length as u64, bytes.len(), &chain(&e));
        let Some(mut part) = next.map_err(|e| ReadError::Body(broke(e)))? else {
            break;
        };
        let unwanted = part.len().min(usize::try_from(skip).unwrap_or(usize::MAX));
        skip -= unwanted as u64;
        part.advance(unwanted);
        part.truncate(length - bytes.len());
        bytes.extend_from_slice(&part);
    }
    Ok(bytes.freeze())
}

fn complete(object: &ObjectRef, bytes: Bytes, expected: Option<u64>) -> Result<Bytes, ReadError> {
    match expected {
        Some(expected) if expected != bytes.len() as u64 => {
            let why = "the body ended early";
            Err(ReadError::Body(broke_off(
                object,
                expected,
                bytes.len(),
                why,
            )))
        }
        _ => Ok(bytes),
    }
}

fn another_version(
    object: &ObjectRef,
    expected: Option<&str>,
    answer: &GetObjectOutput,
) -> PortError {
    let (expected, found) = (
        expected.unwrap_or("none"),
        answer.version_id().unwrap_or("none"),
    );
    PortError::new(
        PortErrorKind::Changed,
        format!("GetObject {object}: expected version {expected}, found {found}"),
    )
}

fn too_long(object: &ObjectRef, limit: u64, found: u64) -> PortError {
    PortError::new(
        PortErrorKind::Invalid,
        format!("GetObject {object}: expected at most {limit} bytes, found {found}"),
    )
}

fn broke_off(object: &ObjectRef, expected: u64, found: usize, why: &str) -> PortError {
    PortError::new(
        PortErrorKind::Unavailable,
        format!("GetObject {object}: expected {expected} bytes, found {found}: {why}"),
    )
}
