//! Writes playlists and MPD over the segments that are there. Text only: no media is copied or rewritten.
//!
//! Everything declared is measured: bit rates from the segments' sizes, codec strings from the init segments. Media
//! playlists are written first and the multivariant playlist last, so that nothing is announced before it exists.

mod dash;
mod groups;
mod hls;
mod model;
mod rates;

use std::io::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use reelsmith_contract::payload::{ClaimInput, PackageOutput};
use reelsmith_contract::{ErrorName, Failure, Objects};
use reelsmith_core::job::Job;
use reelsmith_core::keys::{
    GenerationKeys, IFRAME_PLAYLIST, JobKeys, MEDIA_PLAYLIST, MPD, MULTIVARIANT,
};
use reelsmith_core::ports::PutOptions;
use reelsmith_lambda::Clients;
use reelsmith_pipeline::Invocation;

pub use model::Package;

/// What this function works with.
pub struct Ports {
    /// The output bucket.
    pub outputs: Objects,
}

impl Ports {
    /// The ports of a deployed function.
    ///
    /// # Errors
    /// Where a setting is missing.
    pub async fn build(clients: &Clients) -> Result<Self, Failure> {
        Ok(Self {
            outputs: clients.outputs()?,
        })
    }
}

/// Playlists may be corrected by a new generation under another key, but their own key is revisited soon.
const MANIFEST_CACHE: &str = "public, max-age=60";
/// `Content-Type` of playlists (RFC 8216, 4).
const HLS_TYPE: &str = "application/vnd.apple.mpegurl";
/// `Content-Type` of an MPD (ISO/IEC 23009-1, annex C).
const DASH_TYPE: &str = "application/dash+xml";

/// Packages the job.
///
/// # Errors
/// `RecordsIncomplete` where an init segment cannot be read, or those of storage.
pub async fn handle(
    ports: Arc<Ports>,
    input: ClaimInput,
    _invocation: Invocation,
) -> Result<PackageOutput, Failure> {
    let keys = input.claim.keys();
    let job: Job = ports
        .outputs
        .read(&JobKeys(&input.claim.job_key).job())
        .await?;
    let package = model::load(&ports.outputs, &keys).await?;
    for (path, text) in media_playlists(&package)? {
        write(&ports.outputs, &keys, &path, HLS_TYPE, &text).await?;
    }
    if job.options.dash {
        let mpd = dash::mpd(&package).map_err(|e| Failure::internal(e, keys.output(MPD)))?;
        write(&ports.outputs, &keys, MPD, DASH_TYPE, &mpd).await?;
    }
    let multivariant = hls::multivariant(&package).map_err(|e| unwritable(&e))?;
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
        let text = hls::media(package, rendition).map_err(|e| unwritable(&e))?;
        playlists.push((format!("{}/{MEDIA_PLAYLIST}", rendition.path()), text));
    }
    for video in &package.video {
        let text = hls::iframes(&video.track).map_err(|e| unwritable(&e))?;
        playlists.push((format!("{}/{IFRAME_PLAYLIST}", video.track.path()), text));
    }
    Ok(playlists)
}

fn unwritable(error: &std::io::Error) -> Failure {
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
    let body = gzip(text).map_err(|e| unwritable(&e))?;
    let put = outputs.store().put(&object, body, &options).await;
    put.map(|_| ()).map_err(|e| Failure::storage(&e, &object))
}

/// Equal text gives equal bytes: the header holds no time.
fn gzip(text: &str) -> std::io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes())?;
    encoder.finish().map(Bytes::from)
}

pub(crate) fn unreadable_init(path: &str, found: impl ToString) -> Failure {
    Failure::new(
        ErrorName::RecordsIncomplete,
        "an init segment of one track",
        found.to_string(),
        path,
        "drop the manifest again; if it recurs, force a new generation",
    )
}

#[cfg(test)]
mod tests;
