//! The HTTP/1.1 server: GET and HEAD of one path, with single ranges.

use std::convert::Infallible;
use std::sync::Arc;

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

/// Bytes written to the socket at a time. Small, because a reader that seeks away discards what it has not read.
const FRAME_SIZE: usize = 32 << 10;
/// Send buffer of a connection, small for the same reason. [`crate::input`] sets the receive buffer.
const SEND_BUFFER: usize = 32 << 10;

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

#[derive(Clone)]
pub(super) struct Server {
    pub(super) path: Arc<str>,
    pub(super) blocks: Arc<Blocks>,
}

impl Server {
    /// Accepts connections until this future is dropped, which also ends them.
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
        // Failures are ignored: both options only improve speed.
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
            // Readers close their connection whenever they seek.
            tracing::trace!(%error, "connection ended");
        }
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Body> {
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
        match range.map_or(RequestedRange::Whole, |text| {
            parse_range(text, self.blocks.size())
        }) {
            RequestedRange::Whole => self.content(0, self.blocks.size(), StatusCode::OK, head),
            RequestedRange::Part(start, end) => {
                self.content(start, end, StatusCode::PARTIAL_CONTENT, head)
            }
            RequestedRange::Outside => self.outside(),
        }
    }

    fn content(&self, start: u64, end: u64, code: StatusCode, head: bool) -> Response<Body> {
        let size = self.blocks.size();
        let body = if head {
            Empty::new().map_err(|never| match never {}).boxed_unsync()
        } else {
            let frames = body_frames(self.blocks.clone(), start, end);
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

/// Bytes `[start, end)` from the store. A failed read aborts the connection, and the reader reconnects.
fn body_frames(
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
            let bytes = read.map_err(|failure| std::io::Error::other(format!("{failure:?}")))?;
            let left = usize::try_from(end - at).unwrap_or(usize::MAX);
            let bytes = bytes.slice(..bytes.len().min(left).min(FRAME_SIZE));
            if bytes.is_empty() {
                return Err(std::io::Error::other("the object ended early"));
            }
            let next = at + bytes.len() as u64;
            Ok(Some((Frame::data(bytes), next)))
        }
    });
    parts.boxed()
}

/// The bytes that a `Range` header requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestedRange {
    /// The whole body: no range, or one that a server may ignore (RFC 9110, 14.2): several ranges, other units, or a
    /// malformed header.
    Whole,
    /// Bytes `[start, end)`.
    Part(u64, u64),
    /// A range that begins past the end.
    Outside,
}

/// Parses a `Range` header for a body of `size` bytes.
pub fn parse_range(header: &str, size: u64) -> RequestedRange {
    let Some((first, last)) = header
        .strip_prefix("bytes=")
        .and_then(|set| set.trim().split_once('-'))
    else {
        return RequestedRange::Whole;
    };
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first > last => RequestedRange::Whole,
        (Ok(first), _) if first >= size && (last.is_empty() || last.parse::<u64>().is_ok()) => {
            RequestedRange::Outside
        }
        (Ok(first), Ok(last)) => RequestedRange::Part(first, last.saturating_add(1).min(size)),
        (Ok(first), Err(_)) if last.is_empty() => RequestedRange::Part(first, size),
        (Err(_), Ok(0)) if first.is_empty() => RequestedRange::Outside,
        (Err(_), Ok(suffix)) if first.is_empty() => {
            RequestedRange::Part(size.saturating_sub(suffix), size)
        }
        _ => RequestedRange::Whole,
    }
}
