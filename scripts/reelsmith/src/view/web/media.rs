//! Objects of a bucket, or files of a folder, for a browser.

use std::path::{Component, Path};
use std::sync::Arc;

use futures::stream;
use futures::{StreamExt as _, TryStreamExt as _};
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{ObjectMeta, ObjectStore, PortErrorKind};
use reelsmith_media::{AskedRange as Range, asked_range};

use super::serve::Body;
use super::{Asked, Reply, content_type};

/// Bytes read and passed on at a time.
const PIECE: u64 = 1 << 20;

/// Everything below a prefix.
#[derive(Clone)]
pub struct Media {
    store: Arc<dyn ObjectStore>,
    bucket: String,
    prefix: String,
}

impl Media {
    /// What is below a prefix that ends in `/` or is empty.
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

    /// Whether a path is there.
    pub async fn has(&self, path: &str) -> bool {
        self.store.head(&self.at(path)).await.is_ok()
    }

    fn at(&self, path: &str) -> ObjectRef {
        ObjectRef::new(&self.bucket, format!("{}{path}", self.prefix))
    }

    /// One object, or the range of it that was asked for (RFC 9110, 14.2).
    pub async fn answer(&self, path: &str, request: &Asked) -> Reply {
        let plain = |c| matches!(c, Component::Normal(_));
        if path.is_empty() || !Path::new(path).components().all(plain) {
            return Reply::not_found("such object");
        }
        match self.store.head(&self.at(path)).await {
            Ok(meta) => self.content(path, &meta, request),
            Err(e) if e.kind() == PortErrorKind::NotFound => Reply::not_found(path),
            Err(e) => Reply::trouble(502, &e),
        }
    }

    fn content(&self, path: &str, meta: &ObjectMeta, request: &Asked) -> Reply {
        let size = meta.pin.size;
        let header = request.range.as_deref();
        let range = header.map_or(Range::Whole, |text| asked_range(text, size));
        let (status, start, end) = match range {
            Range::Whole => (200, 0, size),
            Range::Part(start, end) => (206, start, end),
            Range::Outside => {
                return Reply::trouble(416, &format_args!("{path} has {size} bytes"))
                    .with("content-range", format!("bytes */{size}"));
            }
        };
        let stored = meta.content_type.as_deref();
        let kind = stored.unwrap_or_else(|| content_type(path));
        let mut reply = Reply::content(kind, "")
            .with("accept-ranges", "bytes")
            .with("content-length", (end - start).to_string());
        if status == 206 {
            let last = end.saturating_sub(1);
            reply = reply.with("content-range", format!("bytes {start}-{last}/{size}"));
        }
        if let Some(encoding) = &meta.content_encoding {
            reply = reply.with("content-encoding", encoding);
        }
        reply.status = status;
        reply.body = self.pieces(meta.pin.clone(), start, end);
        reply
    }

    /// Bytes `[start, end)` of the version that was looked at; a failed read breaks the answer off.
    fn pieces(&self, pin: ObjectPin, start: u64, end: u64) -> Body {
        let store = self.store.clone();
        let pieces = stream::try_unfold(start, move |at| {
            let (store, pin) = (store.clone(), pin.clone());
            async move {
                if at >= end {
                    return Ok(None);
                }
                let next = end.min(at + PIECE);
                let bytes = store.get_range(&pin, at, next).await;
                Ok(Some((bytes.map_err(std::io::Error::other)?, next)))
            }
        });
        Body::Pieces(pieces.into_stream().boxed())
    }
}
