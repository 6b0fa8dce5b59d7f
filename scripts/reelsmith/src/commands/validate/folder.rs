//! A folder as an object store that can only be read.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{
    ListedObject, ObjectMeta, ObjectStore, PortError, PortErrorKind, PortResult, Put, PutOptions,
};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

/// Most files below a folder: a film of all renditions has a tenth of it, a whole disk has more.
const MAX_FILES: usize = 200_000;

/// The files below a folder. Keys are paths with `/`; buckets are not looked at.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The files below `root`, which must be a folder.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }
}

fn failed(path: &Path, error: &std::io::Error) -> PortError {
    let kind = match error.kind() {
        std::io::ErrorKind::NotFound => PortErrorKind::NotFound,
        std::io::ErrorKind::PermissionDenied => PortErrorKind::Denied,
        _ => PortErrorKind::Invalid,
    };
    PortError::new(kind, format!("{}: {error}", path.display()))
}

fn read_only<T>() -> PortResult<T> {
    Err(PortError::new(
        PortErrorKind::Denied,
        "a folder that is validated is only read",
    ))
}

/// Everything below a folder as (key, size). Links to folders are not followed, because they may lead round in circles.
fn walk(root: &Path, top: &Path) -> PortResult<Vec<ListedObject>> {
    let mut found = Vec::new();
    let mut ahead = vec![top.to_owned()];
    while let Some(folder) = ahead.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|e| failed(&folder, &e))?;
        for entry in entries {
            let entry = entry.map_err(|e| failed(&folder, &e))?;
            let path = entry.path();
            if entry.file_type().is_ok_and(|t| t.is_dir()) {
                ahead.push(path);
                continue;
            }
            let meta = std::fs::metadata(&path)
                .ok()
                .filter(std::fs::Metadata::is_file);
            if let (Some(meta), Some(key)) = (meta, key(root, &path)) {
                found.push(ListedObject {
                    key,
                    size: meta.len(),
                });
            }
            if found.len() > MAX_FILES {
                let detail = format!(
                    "{}: more than {MAX_FILES} files; name a folder of one output",
                    top.display()
                );
                return Err(PortError::new(PortErrorKind::Invalid, detail));
            }
        }
    }
    found.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(found)
}

/// The path below the root with `/`; `None` where it is not UTF-8 and so nothing can name it.
fn key(root: &Path, path: &Path) -> Option<String> {
    let parts = path.strip_prefix(root).ok()?.components();
    let parts: Option<Vec<&str>> = parts.map(|c| c.as_os_str().to_str()).collect();
    Some(parts?.join("/"))
}

/// `gzip` where a text is packed on disk, as it is after a copy out of a bucket.
async fn encoding(path: &Path) -> Option<String> {
    let text = path
        .extension()
        .is_some_and(|e| ["m3u8", "mpd", "vtt"].iter().any(|t| e == *t));
    if !text {
        return None;
    }
    let mut start = [0; 2];
    let mut file = tokio::fs::File::open(path).await.ok()?;
    file.read_exact(&mut start).await.ok()?;
    (start == super::roots::GZIP).then(|| "gzip".to_owned())
}

#[async_trait]
impl ObjectStore for Folder {
    async fn head(&self, object: &ObjectRef) -> PortResult<ObjectMeta> {
        let path = self.path(&object.key);
        let meta = tokio::fs::metadata(&path)
            .await
            .map_err(|e| failed(&path, &e))?;
        Ok(ObjectMeta {
            pin: ObjectPin {
                object: object.clone(),
                version_id: None,
                etag: String::new(),
                size: meta.len(),
            },
            content_type: None,
            cache_control: None,
            content_encoding: encoding(&path).await,
        })
    }

    async fn get(&self, object: &ObjectRef, limit: u64) -> PortResult<Bytes> {
        let path = self.path(&object.key);
        let file = tokio::fs::File::open(&path)
            .await
            .map_err(|e| failed(&path, &e))?;
        let mut bytes = Vec::new();
        let read = file
            .take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .await;
        read.map_err(|e| failed(&path, &e))?;
        if bytes.len() as u64 > limit {
            let detail = format!("{}: longer than {limit} bytes", path.display());
            return Err(PortError::new(PortErrorKind::Invalid, detail));
        }
        Ok(bytes.into())
    }

    async fn get_range(&self, pin: &ObjectPin, start: u64, end: u64) -> PortResult<Bytes> {
        let path = self.path(&pin.object.key);
        let mut file = tokio::fs::File::open(&path)
            .await
            .map_err(|e| failed(&path, &e))?;
        let at = file.seek(std::io::SeekFrom::Start(start)).await;
        at.map_err(|e| failed(&path, &e))?;
        let mut bytes = Vec::new();
        let read = file
            .take(end.saturating_sub(start))
            .read_to_end(&mut bytes)
            .await;
        read.map_err(|e| failed(&path, &e))?;
        Ok(bytes.into())
    }

    async fn put(&self, _: &ObjectRef, _: Bytes, _: &PutOptions) -> PortResult<Put> {
        read_only()
    }

    async fn put_file(&self, _: &ObjectRef, _: &Path, _: &PutOptions) -> PortResult<Put> {
        read_only()
    }

    async fn list(&self, _bucket: &str, prefix: &str) -> PortResult<Vec<ListedObject>> {
        let (root, top) = (self.root.clone(), self.path(prefix));
        let walked = tokio::task::spawn_blocking(move || walk(&root, &top)).await;
        walked.map_err(|e| PortError::new(PortErrorKind::Invalid, e.to_string()))?
    }

    async fn delete(&self, _: &str, _: &[String]) -> PortResult<()> {
        read_only()
    }
}
