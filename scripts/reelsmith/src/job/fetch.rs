//! Downloading published outputs.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use futures::stream::{self, StreamExt, TryStreamExt};
use reelsmith_conformance::Report;
use reelsmith_core::submission::Outputs;

use crate::error::{CliError, ResultExt};
use crate::job::connection::Connection;

/// Downloads at the same time.
const PARALLEL: usize = 8;

/// The downloaded files of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedOutputs {
    /// Folder with the deliverables as a web server would serve them.
    pub folder: PathBuf,
    /// Number of files.
    pub files: usize,
    /// Size of all files in bytes.
    pub bytes: u64,
}

impl FetchedOutputs {
    pub fn report(&self) -> PathBuf {
        self.folder.join("report.json")
    }

    /// The local path of an object of the outputs.
    pub fn local(&self, outputs: &Outputs, key: &str) -> PathBuf {
        self.folder
            .join(key.strip_prefix(&outputs.prefix).unwrap_or(key))
    }

    /// The summary of the conformance report, a few lines.
    pub fn summary(&self) -> Result<String, CliError> {
        let path = self.report();
        let bytes = std::fs::read(&path).on_file("read the report", &path)?;
        let report: Report = serde_json::from_slice(&bytes).on_file("read the report", &path)?;
        Ok(report.summary())
    }
}

/// Downloads every deliverable and the report to `{to}/{asset}/{job}/`.
pub async fn fetch(
    connection: &Connection,
    outputs: &Outputs,
    to: &Path,
) -> Result<FetchedOutputs, CliError> {
    let prefix = &outputs.prefix;
    let folder = to.join(safe(prefix.strip_prefix("outputs/").unwrap_or(prefix))?);
    let mut downloads = Vec::new();
    for object in connection.list(&outputs.bucket, prefix).await? {
        let path = object.key.strip_prefix(prefix).unwrap_or(&object.key);
        let file = folder.join(safe(path)?);
        downloads.push((object.key, file));
    }
    downloads.push((outputs.report.clone(), folder.join("report.json")));
    let files = downloads.len();
    let sizes = stream::iter(
        downloads
            .into_iter()
            .map(|(key, file)| download(connection, &outputs.bucket, key, file)),
    );
    let sizes: Vec<u64> = sizes.buffer_unordered(PARALLEL).try_collect().await?;
    Ok(FetchedOutputs {
        folder,
        files,
        bytes: sizes.iter().sum(),
    })
}

async fn download(
    connection: &Connection,
    bucket: &str,
    key: String,
    file: PathBuf,
) -> Result<u64, CliError> {
    if let Some(parent) = file.parent() {
        std::fs::create_dir_all(parent).on_file("create the folder", parent)?;
    }
    let downloaded = connection.operations.download(bucket, &key, &file).await?;
    if downloaded.content_encoding.as_deref() == Some("gzip") {
        return unpack(&file).on_file("unpack", &file);
    }
    Ok(downloaded.size)
}

/// Unpacks an object that was stored with `Content-Encoding: gzip`: on disk there is no header that says so.
fn unpack(file: &Path) -> std::io::Result<u64> {
    let packed = std::fs::read(file)?;
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(packed.as_slice()).read_to_end(&mut plain)?;
    std::fs::write(file, &plain)?;
    Ok(plain.len() as u64)
}

/// A relative path that cannot leave the folder it is joined to.
fn safe(path: &str) -> Result<PathBuf, CliError> {
    let path = Path::new(path);
    if path.components().all(|c| matches!(c, Component::Normal(_))) {
        return Ok(path.to_path_buf());
    }
    Err(CliError::new(
        "fetch the outputs",
        format!("expected a plain relative path, found {}", path.display()),
        "check the output prefix in the bucket: reelsmith does not write such keys",
    ))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_key_cannot_leave_the_folder() {
        assert!(safe("video/h264_720p/seg_00001.m4s").is_ok());
        for key in ["../x", "a/../../x", "/etc/passwd"] {
            assert!(safe(key).is_err(), "{key}");
        }
    }

    #[test]
    fn a_gzipped_playlist_is_unpacked_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("master.m3u8");
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(b"#EXTM3U\n").unwrap();
        std::fs::write(&file, packer.finish().unwrap()).unwrap();
        assert_eq!(unpack(&file).unwrap(), 8);
        assert_eq!(std::fs::read(&file).unwrap(), b"#EXTM3U\n");
    }
}
