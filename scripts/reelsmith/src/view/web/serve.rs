//! HTTP/1.1 over hyper.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{BoxStream, TryStreamExt as _};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{HOST, HeaderMap, RANGE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{Asked, Reply, Site};
use crate::error::Trouble;

type Sent = UnsyncBoxBody<Bytes, std::io::Error>;

/// What an answer carries.
pub(crate) enum Body {
    /// Everything at once.
    Whole(Bytes),
    /// Piece by piece; the headers say how much it is.
    Pieces(BoxStream<'static, std::io::Result<Bytes>>),
}

/// A port of this machine.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Takes a port on 127.0.0.1; 0 is any that is free.
    ///
    /// # Errors
    /// Where the port is taken.
    pub async fn bind(port: u16) -> Result<Self, Trouble> {
        let failed = |e: std::io::Error| {
            Trouble::new(
                format!("serve pages at 127.0.0.1:{port}"),
                e.to_string(),
                "leave --port away to take any that is free",
            )
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        let listener = listener.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// The address for a browser, with a `/` at its end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Serves for ever; every connection ends when this future is dropped.
    pub async fn serve(self, site: Arc<dyn Site>) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept() => {
                    if let Ok((socket, _)) = accepted {
                        connections.spawn(connection(socket, self.address, site.clone()));
                    }
                }
                Some(_) = connections.join_next() => {}
            }
        }
    }
}

async fn connection(socket: TcpStream, address: SocketAddr, site: Arc<dyn Site>) {
    // Only makes it faster.
    let _ = socket.set_nodelay(true);
    let service = service_fn(|request| {
        let site = site.clone();
        async move { Ok::<_, Infallible>(answer(&request, address, site.as_ref()).await) }
    });
    // Browsers break connections off whenever they seek; there is nobody to tell.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(socket), service)
        .await;
}

async fn answer(
    request: &Request<Incoming>,
    address: SocketAddr,
    site: &dyn Site,
) -> Response<Sent> {
    let head = request.method() == Method::HEAD;
    let reply = if !head && request.method() != Method::GET {
        Reply::trouble(405, &"only GET and HEAD are answered").with("allow", "GET, HEAD")
    } else if !is_ours(request.headers(), address) {
        Reply::trouble(421, &"this is not the address that was printed")
    } else {
        site.answer(&asked(request)).await
    };
    respond(reply, head)
}

/// Whether the browser asks for the address that was printed, not for a name that points here.
fn is_ours(headers: &HeaderMap, address: SocketAddr) -> bool {
    let host = headers.get(HOST).and_then(|h| h.to_str().ok());
    host.is_some_and(|h| h == address.to_string() || h == format!("localhost:{}", address.port()))
}

fn asked(request: &Request<Incoming>) -> Asked {
    let path = request.uri().path().trim_start_matches('/');
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let query = request.uri().query().unwrap_or_default();
    let range = request.headers().get(RANGE).and_then(|v| v.to_str().ok());
    Asked {
        path: path.into_owned(),
        query: url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect(),
        range: range.map(str::to_owned),
    }
}

fn respond(reply: Reply, head: bool) -> Response<Sent> {
    let mut builder = Response::builder()
        .status(reply.status)
        .header("cache-control", "no-store")
        .header("x-content-type-options", "nosniff")
        .header("referrer-policy", "no-referrer")
        .header("cross-origin-resource-policy", "same-origin");
    for (name, value) in reply.headers {
        builder = builder.header(name, value);
    }
    let body = match reply.body {
        _ if head => nothing(),
        Body::Whole(bytes) => Full::new(bytes).map_err(|e| match e {}).boxed_unsync(),
        Body::Pieces(pieces) => {
            http_body_util::BodyExt::boxed_unsync(StreamBody::new(pieces.map_ok(Frame::data)))
        }
    };
    // A stored header that HTTP does not allow must not end the connection.
    builder.body(body).unwrap_or_else(|_| {
        let mut response = Response::new(nothing());
        *response.status_mut() = hyper::StatusCode::BAD_GATEWAY;
        response
    })
}

fn nothing() -> Sent {
    Empty::new().map_err(|e| match e {}).boxed_unsync()
}
