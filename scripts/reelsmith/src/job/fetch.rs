//! Brings published outputs to disk.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use futures::stream::{self, StreamExt, TryStreamExt};
use reelsmith_aws::provision::CloudError;
use reelsmith_conformance::Report;
use reelsmith_core::ports::PortError;
use reelsmith_core::submission::Outputs;

use crate::error::Trouble;
use crate::job::target::Target;

/// Downloads at the same time.
const PARALLEL: usize = 8;

/// What was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Folder that holds the deliverables as a web server would serve them.
    pub folder: PathBuf,
    /// Number of files.
    pub files: usize,
    /// Size of all of them in bytes.
    pub bytes: u64,
}

impl Fetched {
    /// The conformance report.
    #[must_use]
    pub fn report(&self) -> PathBuf {
        self.folder.join("report.json")
    }

    /// The local path of an object of the outputs.
    #[must_use]
    pub fn local(&self, outputs: &Outputs, key: &str) -> PathBuf {
        self.folder
            .join(key.strip_prefix(&outputs.prefix).unwrap_or(key))
    }
}

/// What the report on disk says, in a few lines.
///
/// # Errors
/// Where the report is not there or is not a report.
pub fn report(fetched: &Fetched) -> Result<String, Trouble> {
    let path = fetched.report();
    let bytes = std::fs::read(&path).map_err(|e| Trouble::file("read the report", &path, &e))?;
    let report: Report =
        serde_json::from_slice(&bytes).map_err(|e| Trouble::file("read the report", &path, &e))?;
    Ok(report.summary())
}

/// Fetches every deliverable to `{to}/{asset}/{job}/`, and the report beside them.
///
/// # Errors
/// Where an object cannot be read or a file not written.
pub async fn fetch(target: &Target, outputs: &Outputs, to: &Path) -> Result<Fetched, Trouble> {
    let name = outputs
        .prefix
        .strip_prefix("outputs/")
        .unwrap_or(&outputs.prefix);
    let folder = to.join(safe(name)?);
    let listed = target.store.list(&outputs.bucket, &outputs.prefix).await;
    let listed = listed.map_err(|e| unlisted(&outputs.prefix, e))?;
    let mut downloads = Vec::new();
    for object in listed {
        let path = object
            .key
            .strip_prefix(&outputs.prefix)
            .unwrap_or(&object.key);
        downloads.push((object.key.clone(), folder.join(safe(path)?)));
    }
    downloads.push((outputs.report.clone(), folder.join("report.json")));
    let files = downloads.len();
    let sizes = stream::iter(
        downloads
            .into_iter()
            .map(|(key, file)| one(target, &outputs.bucket, key, file)),
    );
    let sizes: Vec<u64> = sizes.buffer_unordered(PARALLEL).try_collect().await?;
    Ok(Fetched {
        folder,
        files,
        bytes: sizes.iter().sum(),
    })
}

/// A prefix that could not be listed.
pub(crate) fn unlisted(prefix: &str, error: PortError) -> Trouble {
    CloudError::port(format!("list {prefix}"), error).into()
}

async fn one(target: &Target, bucket: &str, key: String, file: PathBuf) -> Result<u64, Trouble> {
    if let Some(parent) = file.parent() {
        std::fs::create_dir_all(parent)
            .map_err(|e| Trouble::file("make the folder", parent, &e))?;
    }
    let downloaded = target.operations.download(bucket, &key, &file).await?;
    if downloaded.content_encoding.as_deref() == Some("gzip") {
        return unpack(&file).map_err(|e| Trouble::file("unpack", &file, &e));
    }
    Ok(downloaded.size)
}

/// A browser unpacks what is stored with `Content-Encoding: gzip`; on disk it must be plain.
fn unpack(file: &Path) -> std::io::Result<u64> {
    let packed = std::fs::read(file)?;
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(packed.as_slice()).read_to_end(&mut plain)?;
    std::fs::write(file, &plain)?;
    Ok(plain.len() as u64)
}

/// A relative path that stays below where it is put.
fn safe(path: &str) -> Result<PathBuf, Trouble> {
    let path = Path::new(path);
    if path.components().all(|c| matches!(c, Component::Normal(_))) {
        return Ok(path.to_path_buf());
    }
    Err(Trouble::new(
        "fetch the outputs",
        format!("expected a plain relative path, found {}", path.display()),
        "something else than reelsmith wrote below the output prefix; look at the bucket",
    ))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn no_key_leaves_the_folder() {
        assert!(safe("video/h264_720p/seg_00001.m4s").is_ok());
        for key in ["../x", "a/../../x", "/etc/passwd"] {
            assert!(safe(key).is_err(), "{key}");
        }
    }

    #[test]
    fn a_packed_playlist_is_plain_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("master.m3u8");
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(b"#EXTM3U\n").unwrap();
        std::fs::write(&file, packer.finish().unwrap()).unwrap();
        assert_eq!(unpack(&file).unwrap(), 8);
        assert_eq!(std::fs::read(&file).unwrap(), b"#EXTM3U\n");
    }
}
