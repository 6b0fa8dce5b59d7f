//! Pages for the person at this machine, over HTTP/1.1 on 127.0.0.1: files compiled into this program, and what a
//! [`Site`] answers.
//!
//! A page of any other origin can send requests to a loopback port, and a name of its own can be made to point there. So
//! only GET and HEAD are answered, only under the address that was printed, and nothing a site answers changes anything.

mod assets;
mod media;
mod serve;

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;

pub use assets::{Asset, asset};
pub use media::Media;
pub use serve::Server;

use crate::error::Trouble;
use serve::Body;

/// What is served at one address.
#[async_trait]
pub trait Site: Send + Sync + 'static {
    /// The answer to a request.
    async fn answer(&self, request: &Asked) -> Reply;
}

/// A request.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The path without its leading `/`, percent signs undone.
    pub path: String,
    /// What stands behind the `?`.
    pub query: BTreeMap<String, String>,
    /// The `Range` header.
    pub range: Option<String>,
}

impl Asked {
    /// A number of the query.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i64> {
        self.query.get(name)?.parse().ok()
    }
}

/// An answer.
pub struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
}

/// Pages run only the scripts of this program; media arrive through `blob:`, and Shaka
/// makes text tracks out of `data:`.
const PAGE_POLICY: &str = "default-src 'self'; media-src 'self' blob: data:; img-src 'self' data: blob:; \
style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// What comes out of a bucket or a folder may look like a page, but runs nothing.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; sandbox allow-same-origin";

impl Reply {
    /// A file of this program.
    #[must_use]
    pub fn asset(asset: Asset) -> Self {
        Self::bytes(asset.content_type, Bytes::from_static(asset.bytes))
            .with("content-security-policy", PAGE_POLICY)
    }

    /// Something out of a bucket or a folder.
    #[must_use]
    pub fn content(content_type: &str, body: impl Into<Bytes>) -> Self {
        Self::bytes(content_type, body.into()).with("content-security-policy", CONTENT_POLICY)
    }

    /// JSON.
    #[must_use]
    pub fn json(value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self::bytes("application/json", body.into()),
            Err(error) => Self::trouble(500, &error),
        }
    }

    /// Nothing is there.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::trouble(404, &format_args!("there is no {what}"))
    }

    /// What went wrong, as `{"error": …}`.
    #[must_use]
    pub fn trouble(status: u16, error: &dyn fmt::Display) -> Self {
        let text = serde_json::json!({ "error": error.to_string() }).to_string();
        Self {
            status,
            ..Self::bytes("application/json", text.into())
        }
    }

    fn bytes(content_type: &str, body: Bytes) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", content_type.to_owned())],
            body: Body::Whole(body),
        }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Opens an address in the person's usual browser.
///
/// # Errors
/// Where this system has no way to.
pub fn open_browser(url: &str) -> Result<(), Trouble> {
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let ended = std::process::Command::new(opener).arg(url).status();
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(not_opened(url, &format!("{opener} ended with {status}"))),
        Err(error) => Err(not_opened(url, &format!("{opener}: {error}"))),
    }
}

fn not_opened(url: &str, why: &str) -> Trouble {
    let remedy = "leave --open away and open the printed address yourself";
    Trouble::new(format!("open {url} in a browser"), why, remedy)
}

/// A file of the pages.
#[must_use]
pub fn page(path: &str) -> Reply {
    asset(path).map_or_else(|| Reply::not_found(path), Reply::asset)
}

/// `Content-Type` by the end of a name, for what is stored without one.
#[must_use]
pub fn content_type(path: &str) -> &'static str {
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
