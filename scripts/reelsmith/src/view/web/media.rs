//! Objects of a bucket, or files of a folder, for a browser.

use std::path::{Component, Path};
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, RANGE,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::stream;
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{ObjectMeta, ObjectStore, PortErrorKind};
use reelsmith_media::{RequestedRange, parse_range};

use super::{CONTENT_POLICY, content_type, error, not_found};

/// Bytes that are read and sent at a time.
const PIECE: u64 = 1 << 20;

/// Everything below a prefix.
#[derive(Clone)]
pub struct Media {
    store: Arc<dyn ObjectStore>,
    bucket: String,
    prefix: String,
}

impl Media {
    /// Everything below a prefix that ends in `/` or is empty.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        bucket: impl Into<String>,
        prefix: impl Into<String>,
    ) -> Self {
        Self {
            store,
            bucket: bucket.into(),
            prefix: prefix.into(),
        }
    }

    /// Whether an object exists.
    pub async fn has(&self, path: &str) -> bool {
        self.store.head(&self.object(path)).await.is_ok()
    }

    fn object(&self, path: &str) -> ObjectRef {
        ObjectRef::new(&self.bucket, format!("{}{path}", self.prefix))
    }

    /// An object, or the requested range of it (RFC 9110, section 14.2).
    pub async fn answer(&self, path: &str, headers: &HeaderMap) -> Response {
        let plain = |c| matches!(c, Component::Normal(_));
        if path.is_empty() || !Path::new(path).components().all(plain) {
            return not_found(path);
        }
        match self.store.head(&self.object(path)).await {
            Ok(meta) => self.content(path, &meta, headers),
            Err(e) if e.kind() == PortErrorKind::NotFound => not_found(path),
            Err(e) => error(StatusCode::BAD_GATEWAY, e),
        }
    }

    fn content(&self, path: &str, meta: &ObjectMeta, headers: &HeaderMap) -> Response {
        let size = meta.pin.size;
        let range = headers.get(RANGE).and_then(|v| v.to_str().ok());
        let range = range.map_or(RequestedRange::Whole, |text| parse_range(text, size));
        let (status, start, end) = match range {
            RequestedRange::Whole => (StatusCode::OK, 0, size),
            RequestedRange::Part(start, end) => (StatusCode::PARTIAL_CONTENT, start, end),
            RequestedRange::Outside => {
                let text = format!("{path} has {size} bytes");
                let refused = error(StatusCode::RANGE_NOT_SATISFIABLE, text);
                return ([(CONTENT_RANGE, format!("bytes */{size}"))], refused).into_response();
            }
        };
        let stored = meta.content_type.as_deref();
        let mut response = Response::builder()
            .status(status)
            .header(CONTENT_TYPE, stored.unwrap_or_else(|| content_type(path)))
            .header(CONTENT_SECURITY_POLICY, CONTENT_POLICY)
            .header(ACCEPT_RANGES, "bytes")
            .header(CONTENT_LENGTH, end - start);
        if status == StatusCode::PARTIAL_CONTENT {
            let last = end.saturating_sub(1);
            response = response.header(CONTENT_RANGE, format!("bytes {start}-{last}/{size}"));
        }
        if let Some(encoding) = &meta.content_encoding {
            response = response.header(CONTENT_ENCODING, encoding);
        }
        // A stored header may contain characters that HTTP does not allow.
        let response = response.body(self.pieces(meta.pin.clone(), start, end));
        response.unwrap_or_else(|e| error(StatusCode::BAD_GATEWAY, e))
    }

    /// Bytes `[start, end)` of the pinned version. A failed read ends the response early.
    fn pieces(&self, pin: ObjectPin, start: u64, end: u64) -> Body {
        let store = self.store.clone();
        Body::from_stream(stream::try_unfold(start, move |at| {
            let (store, pin) = (store.clone(), pin.clone());
            async move {
                if at >= end {
                    return Ok(None);
                }
                let next = end.min(at + PIECE);
                let bytes = store.get_range(&pin, at, next).await;
                Ok::<_, std::io::Error>(Some((bytes.map_err(std::io::Error::other)?, next)))
            }
        }))
    }
}
