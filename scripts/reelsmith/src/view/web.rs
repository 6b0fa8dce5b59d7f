//! Web pages for the person at this machine, served on 127.0.0.1: the files of `scripts/reelsmith/web`, which are part
//! of this program, and the answers of a router.
//!
//! A page of any other origin can send requests to a loopback port, and its host name can be made to resolve to
//! 127.0.0.1. So the server answers only GET and HEAD, only under the address that was printed, and no request changes
//! anything.

mod assets;
mod media;

use std::fmt::Display;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::extract::Request;
use axum::http::header::{ALLOW, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use clap::Args;
use serde::Serialize;
use tokio::net::TcpListener;

use crate::error::{CliError, CommandResult, Exit};
use crate::view::text::say;

pub use media::Media;

/// Options of the commands that serve a page.
#[derive(Args, Clone, Debug)]
pub struct PageArgs {
    /// Port on 127.0.0.1. Default: any free port.
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub port: u16,
    /// Open the page in the default browser.
    #[arg(long)]
    pub open: bool,
}

impl PageArgs {
    /// Prints the address and serves the pages until Ctrl-C.
    pub async fn serve(&self, title: &str, pages: Router) -> CommandResult {
        let server = Server::bind(self.port).await?;
        let url = server.url();
        say(&format!("{title} at {url}"));
        say("Ctrl-C ends it");
        if self.open {
            open_browser(&url)?;
        }
        tokio::select! {
            () = server.serve(pages) => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        Ok(Exit::Done)
    }
}

/// A listening port of this machine.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Listens on 127.0.0.1; port 0 is any free port.
    pub async fn bind(port: u16) -> Result<Self, CliError> {
        let bind = async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        };
        bind.await.map_err(|e: std::io::Error| {
            CliError::new(
                format!("serve pages at 127.0.0.1:{port}"),
                e.to_string(),
                "omit --port to use any free port",
            )
            .with_source(e)
        })
    }

    /// The address for a browser, ending in `/`.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Serves until this future is dropped.
    pub async fn serve(self, pages: Router) {
        let address = self.address;
        let guard = middleware::from_fn(move |request, next| guard(address, request, next));
        // `axum::serve` retries after an error of the listener, so it only ends when it is dropped.
        let _ = axum::serve(self.listener, pages.layer(guard)).await;
    }
}

/// Refuses requests that the printed page would not send, and adds the headers of every answer.
async fn guard(address: SocketAddr, request: Request, next: Next) -> Response {
    let mut response = if ![Method::GET, Method::HEAD].contains(request.method()) {
        let refused = error(
            StatusCode::METHOD_NOT_ALLOWED,
            "only GET and HEAD are allowed",
        );
        ([(ALLOW, "GET, HEAD")], refused).into_response()
    } else if !is_own(request.headers(), address) {
        let text = "the host is not the address that was printed";
        error(StatusCode::MISDIRECTED_REQUEST, text)
    } else {
        next.run(request).await
    };
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        let name = HeaderName::from_static(name);
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether the browser uses the printed address, and not another name that resolves to it.
fn is_own(headers: &HeaderMap, address: SocketAddr) -> bool {
    let host = headers.get(HOST).and_then(|h| h.to_str().ok());
    host.is_some_and(|h| h == address.to_string() || h == format!("localhost:{}", address.port()))
}

/// A page runs only the scripts of this program. Media arrive through `blob:`, and Shaka Player creates text tracks from
/// `data:`.
const PAGE_POLICY: &str = "default-src 'self'; media-src 'self' blob: data:; img-src 'self' data: blob:; \
style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// An object of a bucket or a folder may look like a page, but runs no script.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; sandbox allow-same-origin";

/// A file of `scripts/reelsmith/web`.
pub fn page(path: &str) -> Response {
    let Some(bytes) = assets::asset(path) else {
        return not_found(path);
    };
    let headers = [
        (CONTENT_TYPE, content_type(path)),
        (CONTENT_SECURITY_POLICY, PAGE_POLICY),
    ];
    (headers, bytes).into_response()
}

/// The file that a request names by its path.
pub async fn page_of_path(uri: Uri) -> Response {
    page(uri.path().trim_start_matches('/'))
}

pub fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => ([(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(e) => error(StatusCode::INTERNAL_SERVER_ERROR, e),
    }
}

/// An error as `{"error": …}`.
pub fn error(status: StatusCode, error: impl Display) -> Response {
    (
        status,
        json(&serde_json::json!({ "error": error.to_string() })),
    )
        .into_response()
}

/// 404 with the name of what does not exist.
pub fn not_found(name: &str) -> Response {
    error(StatusCode::NOT_FOUND, format_args!("not found: {name}"))
}

pub fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let query = uri.query().unwrap_or_default();
    let mut parameters = url::form_urlencoded::parse(query.as_bytes());
    parameters
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

impl IntoResponse for CliError {
    fn into_response(self) -> Response {
        error(StatusCode::BAD_GATEWAY, self)
    }
}

/// Opens an address in the default browser.
pub fn open_browser(url: &str) -> Result<(), CliError> {
    let opener = match cfg!(target_os = "macos") {
        true => "open",
        false => "xdg-open",
    };
    let why = match std::process::Command::new(opener).arg(url).status() {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => format!("{opener} ended with {status}"),
        Err(error) => format!("{opener}: {error}"),
    };
    let remedy = "omit --open and open the printed address yourself";
    Err(CliError::new(
        format!("open {url} in a browser"),
        why,
        remedy,
    ))
}

/// `Content-Type` by the extension of a file, for objects that are stored without one.
fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "m3u8" => "application/vnd.apple.mpegurl",
        "mpd" => "application/dash+xml",
        "m4s" => "video/iso.segment",
        "mp4" | "m4v" | "cmfv" => "video/mp4",
        "m4a" | "cmfa" => "audio/mp4",
        "ts" => "video/mp2t",
        "vtt" => "text/vtt; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests;
