//! HTTP/1.1 on the loopback: GET and HEAD of one path, single ranges.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{
    ACCEPT_RANGES, ALLOW, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, RANGE,
};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::blocks::Blocks;

/// Bytes handed to the socket at a time: what a reader that seeks away has cost in vain stays small.
const PIECE: usize = 32 << 10;
/// Send buffer of a connection, for the same reason. The reader's own is [`crate::input`]'s.
const SEND_BUFFER: usize = 32 << 10;

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

#[derive(Clone)]
pub(super) struct Server {
    pub(super) path: Arc<str>,
    pub(super) blocks: Arc<Blocks>,
    pub(super) served: Arc<AtomicU64>,
}

impl Server {
    /// Accepts connections for ever; all of them end when this future is dropped.
    pub(super) async fn accept(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    if let Ok((socket, _)) = accepted {
                        connections.spawn(self.clone().connection(socket));
                    }
                }
                Some(_) = connections.join_next() => {}
            }
        }
    }

    async fn connection(self, socket: TcpStream) {
        // Both only make it faster.
        let _ = socket.set_nodelay(true);
        let _ = rustix::net::sockopt::set_socket_send_buffer_size(&socket, SEND_BUFFER);
        let service = service_fn(|request| {
            let response = self.answer(&request);
            async move { Ok::<_, Infallible>(response) }
        });
        let served = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(socket), service)
            .await;
        if let Err(error) = served {
            // Readers hang up whenever they seek.
            tracing::trace!(%error, "connection ended");
        }
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Body> {
        self.served.fetch_add(1, Ordering::Relaxed);
        if request.uri().path() != &*self.path {
            return status(StatusCode::NOT_FOUND);
        }
        let head = request.method() == Method::HEAD;
        if !head && request.method() != Method::GET {
            let mut refused = status(StatusCode::METHOD_NOT_ALLOWED);
            let allowed = hyper::header::HeaderValue::from_static("GET, HEAD");
            refused.headers_mut().insert(ALLOW, allowed);
            return refused;
        }
        let range = request.headers().get(RANGE).and_then(|v| v.to_str().ok());
        match range.map_or(Asked::Whole, |text| asked(text, self.blocks.size())) {
            Asked::Whole => self.content(0, self.blocks.size(), StatusCode::OK, head),
            Asked::Part(start, end) => self.content(start, end, StatusCode::PARTIAL_CONTENT, head),
            Asked::Outside => self.outside(),
        }
    }

    fn content(&self, start: u64, end: u64, code: StatusCode, head: bool) -> Response<Body> {
        let size = self.blocks.size();
        let body = if head {
            Empty::new().map_err(|never| match never {}).boxed_unsync()
        } else {
            let frames = pieces(self.blocks.clone(), start, end);
            BodyExt::boxed_unsync(StreamBody::new(frames))
        };
        let mut builder = Response::builder()
            .status(code)
            .header(ACCEPT_RANGES, "bytes")
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(CONTENT_LENGTH, end - start)
            .header(ETAG, format!("\"{}\"", self.blocks.etag()));
        if code == StatusCode::PARTIAL_CONTENT {
            let last = end.saturating_sub(1);
            builder = builder.header(CONTENT_RANGE, format!("bytes {start}-{last}/{size}"));
        }
        let built = builder.body(body);
        built.unwrap_or_else(|_| status(StatusCode::INTERNAL_SERVER_ERROR))
    }

    fn outside(&self) -> Response<Body> {
        let mut response = status(StatusCode::RANGE_NOT_SATISFIABLE);
        let size = format!("bytes */{}", self.blocks.size());
        if let Ok(value) = size.parse() {
            response.headers_mut().insert(CONTENT_RANGE, value);
        }
        response
    }
}

fn status(code: StatusCode) -> Response<Body> {
    let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = code;
    response
}

/// Bytes `[start, end)` as they come from the store. A failed read breaks the connection off, and the reader reconnects.
fn pieces(
    blocks: Arc<Blocks>,
    start: u64,
    end: u64,
) -> impl Stream<Item = std::io::Result<Frame<Bytes>>> + Send {
    let parts = stream::try_unfold(start, move |at| {
        let blocks = blocks.clone();
        async move {
            if at >= end {
                return Ok(None);
            }
            let read = blocks.read(at).await;
            let bytes = read.map_err(|fault| std::io::Error::other(format!("{fault:?}")))?;
            let left = usize::try_from(end - at).unwrap_or(usize::MAX);
            let bytes = bytes.slice(..bytes.len().min(left).min(PIECE));
            if bytes.is_empty() {
                return Err(std::io::Error::other("the object ended early"));
            }
            let next = at + bytes.len() as u64;
            Ok(Some((Frame::data(bytes), next)))
        }
    });
    parts.boxed()
}

/// What a `Range` header asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Everything: no range, or one that RFC 9110, 14.2 lets a server ignore (several ranges, other units, nonsense).
    Whole,
    /// Bytes `[start, end)`.
    Part(u64, u64),
    /// A range that begins past the end.
    Outside,
}

/// Reads a `Range` header for a body of `size` bytes.
pub fn asked(header: &str, size: u64) -> Asked {
    let Some((first, last)) = header
        .strip_prefix("bytes=")
        .and_then(|set| set.trim().split_once('-'))
    else {
        return Asked::Whole;
    };
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first > last => Asked::Whole,
        (Ok(first), _) if first >= size && (last.is_empty() || last.parse::<u64>().is_ok()) => {
            Asked::Outside
        }
        (Ok(first), Ok(last)) => Asked::Part(first, last.saturating_add(1).min(size)),
        (Ok(first), Err(_)) if last.is_empty() => Asked::Part(first, size),
        (Err(_), Ok(0)) if first.is_empty() => Asked::Outside,
        (Err(_), Ok(suffix)) if first.is_empty() => Asked::Part(size.saturating_sub(suffix), size),
        _ => Asked::Whole,
    }
}
