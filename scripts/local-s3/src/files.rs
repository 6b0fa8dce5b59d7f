//! The files of objects: written once, read in ranges, and removed when no object uses them any more.

use std::io::Read as _;
use std::io::{Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use bytes::Bytes;
use s3s::dto::StreamingBlob;
use tokio::sync::mpsc;

/// Bytes of one read of a file, and how many reads may wait for a slow client.
const BLOCK: usize = 256 << 10;
const AHEAD: usize = 4;

/// The folder of all files, and of the links that become objects.
pub(crate) struct Folder {
    objects: PathBuf,
    incoming: PathBuf,
    next: AtomicU64,
}

impl Folder {
    pub(crate) fn create(path: &Path) -> std::io::Result<Self> {
        let folder = Self {
            objects: path.join("objects"),
            incoming: path.join("incoming"),
            next: AtomicU64::new(0),
        };
        std::fs::create_dir_all(&folder.objects)?;
        std::fs::create_dir_all(&folder.incoming)?;
        Ok(folder)
    }

    /// A file that does not exist yet.
    pub(crate) fn new_file(&self) -> DataFile {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        DataFile {
            path: self.objects.join(format!("{number:08}")),
            placed: None,
        }
    }

    /// Takes a link out of `incoming`.
    pub(crate) fn take(&self, name: &str) -> std::io::Result<(DataFile, u64)> {
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if name.is_empty() || !plain {
            return Err(std::io::ErrorKind::InvalidInput.into());
        }
        let link = self.incoming.join(name);
        // A symbolic link could name any file.
        let found = std::fs::symlink_metadata(&link)?;
        if !found.is_file() {
            return Err(std::io::ErrorKind::InvalidInput.into());
        }
        let mut file = self.new_file();
        std::fs::rename(&link, &file.path)?;
        file.placed = Some((found.len(), found.modified()?));
        Ok((file, found.len()))
    }
}

/// A file, removed when it is dropped.
pub(crate) struct DataFile {
    pub(crate) path: PathBuf,
    /// Size and time of change of a file that was linked, which its owner may still change.
    placed: Option<(u64, SystemTime)>,
}

impl DataFile {
    fn is_unchanged(&self) -> bool {
        let Some(placed) = self.placed else {
            return true;
        };
        let found = std::fs::metadata(&self.path);
        found.is_ok_and(|m| m.modified().is_ok_and(|time| (m.len(), time) == placed))
    }
}

impl Drop for DataFile {
    fn drop(&mut self) {
        // The result is ignored: the folder may have been removed already.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A range of a file.
#[derive(Clone)]
struct Extent {
    file: Arc<DataFile>,
    start: u64,
    length: u64,
}

/// The bytes of an object: extents, in order.
#[derive(Clone, Default)]
pub(crate) struct Content(Vec<Extent>);

impl Content {
    /// A whole file of this length.
    pub(crate) fn of_file(file: DataFile, length: u64) -> Self {
        Self(vec![Extent {
            file: Arc::new(file),
            start: 0,
            length,
        }])
    }

    pub(crate) fn size(&self) -> u64 {
        self.0.iter().map(|extent| extent.length).sum()
    }

    /// Adds the bytes of another content at the end.
    pub(crate) fn append(&mut self, other: &Self) {
        self.0.extend(other.0.iter().cloned());
    }

    /// The bytes `[start, end)`.
    pub(crate) fn slice(&self, start: u64, end: u64) -> Self {
        let mut at = 0;
        let mut cut = Vec::new();
        for extent in &self.0 {
            let (from, to) = (start.max(at), end.min(at + extent.length));
            if from < to {
                cut.push(Extent {
                    file: Arc::clone(&extent.file),
                    start: extent.start + from - at,
                    length: to - from,
                });
            }
            at += extent.length;
        }
        Self(cut)
    }

    /// False if the owner of a linked file changed it since.
    pub(crate) fn is_unchanged(&self) -> bool {
        self.0.iter().all(|extent| extent.file.is_unchanged())
    }

    /// Reads the bytes while the client takes them.
    pub(crate) fn stream(self) -> StreamingBlob {
        let (sender, mut receiver) = mpsc::channel(AHEAD);
        tokio::task::spawn_blocking(move || {
            if let Err(error) = send(&self, &sender) {
                // The client sees a body that ends early.
                let _ = sender.blocking_send(Err(error));
            }
        });
        StreamingBlob::wrap(futures::stream::poll_fn(move |cx| receiver.poll_recv(cx)))
    }
}

fn send(content: &Content, to: &mpsc::Sender<std::io::Result<Bytes>>) -> std::io::Result<()> {
    for extent in &content.0 {
        let mut file = std::fs::File::open(&extent.file.path)?;
        file.seek(SeekFrom::Start(extent.start))?;
        let mut left = extent.length;
        while left > 0 {
            let wanted = BLOCK.min(usize::try_from(left).unwrap_or(BLOCK));
            let mut block = vec![0; wanted];
            file.read_exact(&mut block)?;
            left -= wanted as u64;
            if to.blocking_send(Ok(block.into())).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}
