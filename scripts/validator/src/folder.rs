//! A folder of this machine as a read-only object store.

use std::io::SeekFrom;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{
    ListedObject, ObjectMeta, ObjectStore, PortError, PortErrorKind, PortResult, Put, PutOptions,
};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

/// The first bytes of a gzipped file.
pub const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Most files below a folder. A film with all renditions has a tenth of this; a whole disk has more.
const MAX_FILES: usize = 200_000;

/// The files below a folder. Keys are paths with `/`; bucket names are ignored.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The files below the folder `root`.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    /// At most `length` bytes of a file from an offset.
    async fn read(&self, key: &str, offset: u64, length: u64) -> PortResult<Bytes> {
        let path = self.path(key);
        let read = async {
            let mut file = tokio::fs::File::open(&path).await?;
            file.seek(SeekFrom::Start(offset)).await?;
            let mut bytes = Vec::new();
            file.take(length).read_to_end(&mut bytes).await?;
            Ok(bytes.into())
        };
        read.await.map_err(|e| failed(&path, &e))
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
        "folders are read-only",
    ))
}

/// Every file below a folder. Links to folders are not followed, because they can form cycles.
fn walk(root: &Path, top: &Path) -> PortResult<Vec<ListedObject>> {
    let mut found = Vec::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|e| failed(&folder, &e))?;
        for entry in entries {
            let entry = entry.map_err(|e| failed(&folder, &e))?;
            let path = entry.path();
            if entry.file_type().is_ok_and(|t| t.is_dir()) {
                folders.push(path);
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
                    "{}: more than {MAX_FILES} files; give the folder of one output",
                    top.display()
                );
                return Err(PortError::new(PortErrorKind::Invalid, detail));
            }
        }
    }
    found.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(found)
}

/// The path below the root with `/`; `None` if it is not UTF-8, because then no document can refer to it.
fn key(root: &Path, path: &Path) -> Option<String> {
    let parts = path.strip_prefix(root).ok()?.components();
    let parts: Option<Vec<&str>> = parts.map(|c| c.as_os_str().to_str()).collect();
    Some(parts?.join("/"))
}

/// `gzip` if a text file is packed, as it is after a plain copy from a bucket.
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
    (start == GZIP).then(|| "gzip".to_owned())
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
        let bytes = self.read(&object.key, 0, limit.saturating_add(1)).await?;
        if bytes.len() as u64 > limit {
            let path = self.path(&object.key);
            let detail = format!("{}: longer than {limit} bytes", path.display());
            return Err(PortError::new(PortErrorKind::Invalid, detail));
        }
        Ok(bytes)
    }

    async fn get_range(&self, pin: &ObjectPin, start: u64, end: u64) -> PortResult<Bytes> {
        let length = end.saturating_sub(start);
        self.read(&pin.object.key, start, length).await
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
