//! A file on disk in place of an object, so that the code of the pipeline can read it.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{
    ListedObject, ObjectMeta, ObjectStore, PortError, PortErrorKind, PortResult, Put, PutOptions,
};

use crate::error::{CliError, ResultExt as _};

/// A store with one object, which is read only.
pub struct LocalFile {
    file: Arc<File>,
    pin: ObjectPin,
}

impl LocalFile {
    /// The store of a file, and its object.
    pub fn open(path: &Path) -> Result<(Arc<dyn ObjectStore>, ObjectPin), CliError> {
        let file = File::open(path).on_file("read", path)?;
        let size = file.metadata().on_file("read", path)?.len();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let pin = ObjectPin {
            object: ObjectRef::new("local", name),
            version_id: None,
            etag: "local".to_owned(),
            size,
        };
        let store = Self {
            file: Arc::new(file),
            pin: pin.clone(),
        };
        Ok((Arc::new(store), pin))
    }

    async fn read(&self, start: u64, end: u64) -> PortResult<Bytes> {
        let end = end.min(self.pin.size);
        let length = usize::try_from(end.saturating_sub(start)).unwrap_or(0);
        let file = Arc::clone(&self.file);
        let read = move || {
            let mut bytes = vec![0; length];
            file.read_exact_at(&mut bytes, start)?;
            Ok::<_, std::io::Error>(Bytes::from(bytes))
        };
        let read = tokio::task::spawn_blocking(read).await;
        let failed =
            |e: &dyn std::fmt::Display| PortError::new(PortErrorKind::Unavailable, e.to_string());
        read.map_err(|e| failed(&e))?.map_err(|e| failed(&e))
    }
}

fn read_only<T>() -> PortResult<T> {
    let why = "a file on disk is only read";
    Err(PortError::new(PortErrorKind::Invalid, why))
}

#[async_trait]
impl ObjectStore for LocalFile {
    async fn head(&self, _object: &ObjectRef) -> PortResult<ObjectMeta> {
        Ok(ObjectMeta {
            pin: self.pin.clone(),
            content_type: None,
            cache_control: None,
            content_encoding: None,
        })
    }

    async fn get(&self, _object: &ObjectRef, limit: u64) -> PortResult<Bytes> {
        if self.pin.size > limit {
            return Err(PortError::new(
                PortErrorKind::Invalid,
                "the file is too large",
            ));
        }
        self.read(0, self.pin.size).await
    }

    async fn get_range(&self, _pin: &ObjectPin, start: u64, end: u64) -> PortResult<Bytes> {
        self.read(start, end).await
    }

    async fn put(
        &self,
        _object: &ObjectRef,
        _body: Bytes,
        _options: &PutOptions,
    ) -> PortResult<Put> {
        read_only()
    }

    async fn put_file(
        &self,
        _object: &ObjectRef,
        _file: &Path,
        _options: &PutOptions,
    ) -> PortResult<Put> {
        read_only()
    }

    async fn list(&self, _bucket: &str, _prefix: &str) -> PortResult<Vec<ListedObject>> {
        Ok(Vec::new())
    }

    async fn delete(&self, _bucket: &str, _keys: &[String]) -> PortResult<()> {
        read_only()
    }
}
