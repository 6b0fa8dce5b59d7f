//! Writes the playlists and the MPD. It writes text only; no media is copied or changed.
//!
//! Reads `plan.json`, `job.json`, and the record and the init segment of every rendition. Everything declared is measured: bit
//! rates from the sizes of segments, codec strings from init segments. Writes the media playlists first and the multivariant
//! playlist last, so that nothing is listed before it exists. Returns the keys of the multivariant playlist and the MPD. Errors:
//! `RecordsIncomplete` if an init segment cannot be read, and those of storage.

mod dash;
mod hls;
mod model;

use std::io::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use reelsmith_contract::payload::{ClaimInput, PackageOutput};
use reelsmith_contract::{Failure, Objects, PortResultExt as _};
use reelsmith_core::keys::{GenerationKeys, IFRAME_PLAYLIST, MEDIA_PLAYLIST, MPD, MULTIVARIANT};
use reelsmith_core::ports::PutOptions;
use reelsmith_pipeline::{Invocation, records};

pub use model::Package;

pub struct Ports {
    pub outputs: Objects,
}

/// Players check a playlist again soon; a corrected playlist belongs to another generation and has another key.
const MANIFEST_CACHE: &str = "public, max-age=60";
/// `Content-Type` of playlists (RFC 8216, 4).
const HLS_TYPE: &str = "application/vnd.apple.mpegurl";
/// `Content-Type` of an MPD (ISO/IEC 23009-1, annex C).
const DASH_TYPE: &str = "application/dash+xml";

/// Packages the job.
pub async fn handle(
    ports: Arc<Ports>,
    input: ClaimInput,
    _invocation: Invocation,
) -> Result<PackageOutput, Failure> {
    let keys = input.claim.keys();
    let job = records::job(&ports.outputs, &input.claim.job_key).await?;
    let package = model::load(&ports.outputs, &keys).await?;
    for (path, text) in media_playlists(&package)? {
        write(&ports.outputs, &keys, &path, HLS_TYPE, &text).await?;
    }
    if job.options.dash {
        let mpd = dash::mpd(&package).map_err(|e| Failure::internal(e, keys.output(MPD)))?;
        write(&ports.outputs, &keys, MPD, DASH_TYPE, &mpd).await?;
    }
    let multivariant = hls::multivariant(&package).map_err(|e| serialisation_error(&e))?;
    write(&ports.outputs, &keys, MULTIVARIANT, HLS_TYPE, &multivariant).await?;
    Ok(PackageOutput {
        hls: keys.output(MULTIVARIANT),
        dash: job.options.dash.then(|| keys.output(MPD)),
    })
}

/// Every media and I-frame playlist with its path.
fn media_playlists(package: &Package) -> Result<Vec<(String, String)>, Failure> {
    let mut playlists = Vec::new();
    for rendition in package.renditions() {
        let text = hls::media(package, rendition).map_err(|e| serialisation_error(&e))?;
        playlists.push((format!("{}/{MEDIA_PLAYLIST}", rendition.path()), text));
    }
    for video in &package.video {
        let text = hls::iframes(&video.track).map_err(|e| serialisation_error(&e))?;
        playlists.push((format!("{}/{IFRAME_PLAYLIST}", video.track.path()), text));
    }
    Ok(playlists)
}

fn serialisation_error(error: &std::io::Error) -> Failure {
    Failure::internal(error.to_string(), "playlist")
}

async fn write(
    outputs: &Objects,
    keys: &GenerationKeys,
    path: &str,
    content_type: &str,
    text: &str,
) -> Result<(), Failure> {
    let object = outputs.at(&keys.output(path));
    let options = PutOptions {
        content_type: content_type.to_owned(),
        cache_control: Some(MANIFEST_CACHE.to_owned()),
        content_encoding: Some("gzip".to_owned()),
        create_only: false,
        replace: None,
    };
    let body = gzip(text).map_err(|e| serialisation_error(&e))?;
    let put = outputs.store().put(&object, body, &options).await;
    put.map(drop).on_object(&object)
}

/// Equal texts become equal bytes, because the header contains no time.
fn gzip(text: &str) -> std::io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes())?;
    encoder.finish().map(Bytes::from)
}

#[cfg(test)]
mod tests;
