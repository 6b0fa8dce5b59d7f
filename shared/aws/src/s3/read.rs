//! Reading objects: whole and in ranges, never short.

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use backon::{ExponentialBuilder, Retryable as _};
use bytes::{Bytes, BytesMut};
use reelsmith_core::ports::{ObjectPin, ObjectRef, PortError, PortErrorKind, PortResult};

use super::{S3Store, explain_denial};
use crate::error::{chain, port_error};

/// How often a body that broke off is asked for again. The SDK retries requests, but not bodies.
const BODY_RETRIES: usize = 2;

/// How long a body must be.
#[derive(Clone, Copy)]
enum Length {
    /// At most so many bytes; the answer says how many it has.
    AtMost(u64),
    /// Exactly so many bytes.
    Exactly(u64),
}

/// Why a read did not succeed: only a broken body is tried again here.
enum Broken {
    Body(PortError),
    Request(PortError),
}

impl S3Store {
    pub(super) async fn read_whole(&self, object: &ObjectRef, limit: u64) -> PortResult<Bytes> {
        let request = self.get_of(object);
        read(object, request, Length::AtMost(limit)).await
    }

    /// Reads `[start, end)` with `end` already clipped.
    pub(super) async fn read_range(
        &self,
        pin: &ObjectPin,
        start: u64,
        end: u64,
    ) -> PortResult<Bytes> {
        if start >= end {
            self.prove(pin).await?;
            return Ok(Bytes::new());
        }
        let request = self
            .get_of(&pin.object)
            .set_version_id(pin.version_id.clone())
            .if_match(quoted(&pin.etag))
            .range(format!("bytes={start}-{}", end - 1));
        read(&pin.object, request, Length::Exactly(end - start)).await
    }

    /// HTTP has no empty range, so the pin of one is checked by a HEAD.
    async fn prove(&self, pin: &ObjectPin) -> PortResult<()> {
        self.head_of(&pin.object)
            .set_version_id(pin.version_id.clone())
            .if_match(quoted(&pin.etag))
            .send()
            .await
            .map(drop)
            .map_err(|e| explain_denial(port_error("HeadObject", &pin.object, &e)))
    }

    fn get_of(&self, object: &ObjectRef) -> GetObjectFluentBuilder {
        self.client
            .get_object()
            .bucket(&object.bucket)
            .key(&object.key)
    }
}

fn quoted(etag: &str) -> String {
    format!("\"{etag}\"")
}

async fn read(
    object: &ObjectRef,
    request: GetObjectFluentBuilder,
    length: Length,
) -> PortResult<Bytes> {
    let once = || async {
        let answer = request.clone().send().await.map_err(|e| {
            Broken::Request(explain_denial(range_is_a_pin(port_error(
                "GetObject",
                object,
                &e,
            ))))
        })?;
        body(object, answer, length).await
    };
    once.retry(
        ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(std::time::Duration::from_millis(100))
            .with_max_times(BODY_RETRIES),
    )
    .when(|e| matches!(e, Broken::Body(_)))
    .await
    .map_err(|e| match e {
        Broken::Body(error) | Broken::Request(error) => error,
    })
}

/// Ranges are clipped to the pinned size, so an object that cannot satisfy one is not the pinned object.
fn range_is_a_pin(mut error: PortError) -> PortError {
    if error.detail.contains(": InvalidRange") {
        error.kind = PortErrorKind::Changed;
    }
    error
}

async fn body(
    object: &ObjectRef,
    answer: GetObjectOutput,
    length: Length,
) -> Result<Bytes, Broken> {
    let announced = answer.content_length.and_then(|n| u64::try_from(n).ok());
    let (expected, limit) = match length {
        Length::AtMost(limit) => (announced, limit),
        Length::Exactly(length) => (Some(length), length),
    };
    if let Some(found) = announced.filter(|n| *n > limit) {
        return Err(Broken::Request(too_long(object, limit, found)));
    }
    let mut bytes =
        BytesMut::with_capacity(usize::try_from(expected.unwrap_or(0)).unwrap_or_default());
    let mut stream = answer.body;
    while let Some(part) = stream
        .try_next()
        .await
        .map_err(|e| Broken::Body(broke_off(object, expected, bytes.len(), &chain(&e))))?
    {
        bytes.extend_from_slice(&part);
        if bytes.len() as u64 > limit {
            return Err(Broken::Request(too_long(object, limit, bytes.len() as u64)));
        }
    }
    match expected {
        Some(n) if n != bytes.len() as u64 => {
            let why = "the body ended early";
            Err(Broken::Body(broke_off(object, expected, bytes.len(), why)))
        }
        _ => Ok(bytes.freeze()),
    }
}

fn too_long(object: &ObjectRef, limit: u64, found: u64) -> PortError {
    PortError::new(
        PortErrorKind::Invalid,
        format!("GetObject {object}: expected at most {limit} bytes, found {found}"),
    )
}

fn broke_off(object: &ObjectRef, expected: Option<u64>, found: usize, why: &str) -> PortError {
    let expected = expected.map_or_else(|| "all".to_owned(), |n| n.to_string());
    PortError::new(
        PortErrorKind::Unavailable,
        format!("GetObject {object}: expected {expected} bytes, found {found}: {why}"),
    )
}
