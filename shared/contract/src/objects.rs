//! The JSON objects by which states pass data to each other, under the keys of the job.

use std::sync::Arc;

use bytes::Bytes;
use reelsmith_core::object::ObjectRef;
use reelsmith_core::ports::{ListedObject, ObjectStore, PortErrorKind, Put, PutOptions};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{ErrorName, Failure, PortResultExt as _};

/// The largest JSON object that is read, in bytes.
const MAX_JSON: u64 = 64 << 20;
/// How often an update is tried. Each retry means that a concurrent writer won.
const UPDATE_TRIES: u32 = 32;

/// The JSON objects of one bucket.
#[derive(Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    bucket: String,
}

impl Objects {
    /// The JSON objects of `bucket`.
    pub fn new(store: Arc<dyn ObjectStore>, bucket: impl Into<String>) -> Self {
        Self {
            store,
            bucket: bucket.into(),
        }
    }

    /// The name of the bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The store that holds the objects.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// The object of this bucket with that key.
    pub fn at(&self, key: &str) -> ObjectRef {
        ObjectRef::new(&self.bucket, key)
    }

    /// Lists the objects under a prefix, in the order of their keys.
    pub async fn list(&self, prefix: &str) -> Result<Vec<ListedObject>, Failure> {
        let listed = self.store.list(&self.bucket, prefix).await;
        listed.on_object(self.at(prefix))
    }

    /// Reads the bytes of an object of at most `limit` bytes.
    pub async fn get(&self, key: &str, limit: u64) -> Result<Bytes, Failure> {
        let object = self.at(key);
        self.store.get(&object, limit).await.on_object(&object)
    }

    /// Reads an object that an earlier state wrote.
    ///
    /// # Errors
    /// `StorageInconsistent` if the object is missing or has another shape; otherwise as [`Failure::storage`].
    pub async fn read<T: DeserializeOwned>(&self, key: &str) -> Result<T, Failure> {
        self.find(key).await?.ok_or_else(|| {
            Failure::new(
                ErrorName::StorageInconsistent,
                "an object that an earlier state wrote",
                "no object",
                self.at(key).to_string(),
                "start the job again: drop its manifest once more",
            )
        })
    }

    /// Reads an object that may be missing.
    pub async fn find<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Failure> {
        let object = self.at(key);
        let body = match self.store.get(&object, MAX_JSON).await {
            Ok(body) => body,
            Err(e) if e.kind() == PortErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Failure::storage(&e, &object)),
        };
        serde_json::from_slice(&body).map(Some).map_err(|e| {
            Failure::new(
                ErrorName::StorageInconsistent,
                "JSON of the shape that this build writes",
                e.to_string(),
                object.to_string(),
                "deploy all functions from one build, then drop the manifest once more",
            )
        })
    }

    /// Writes an object, and replaces an existing one.
    pub async fn write<T: Serialize + Sync>(&self, key: &str, value: &T) -> Result<(), Failure> {
        self.put(key, value, PutOptions::default())
            .await
            .map(|_| ())
    }

    /// Writes an object unless one exists.
    pub async fn create<T: Serialize + Sync>(&self, key: &str, value: &T) -> Result<Put, Failure> {
        let condition = PutOptions {
            create_only: true,
            ..PutOptions::default()
        };
        self.put(key, value, condition).await
    }

    /// Replaces an object by what `change` makes of it; false if `change` returned `None` to leave the object as it is.
    ///
    /// The write is conditional on the object that `change` saw, which is `None` if there is none. If a concurrent writer
    /// won, the object is read again and `change` is called again.
    ///
    /// # Errors
    /// `StorageUnavailable` if concurrent writers won every time.
    pub async fn update<T: Serialize + DeserializeOwned + Sync>(
        &self,
        key: &str,
        mut change: impl FnMut(Option<T>) -> Option<T> + Send,
    ) -> Result<bool, Failure> {
        let object = self.at(key);
        for _ in 0..UPDATE_TRIES {
            let tag = match self.store.head(&object).await {
                Ok(meta) => Some(meta.pin.etag),
                Err(e) if e.kind() == PortErrorKind::NotFound => None,
                Err(e) => return Err(Failure::storage(&e, &object)),
            };
            // The object is read after its tag: if it changed between the two, the write fails and is tried again.
            let found = match tag {
                Some(_) => self.find(key).await?,
                None => None,
            };
            let Some(next) = change(found) else {
                return Ok(false);
            };
            let condition = PutOptions {
                create_only: tag.is_none(),
                replace: tag,
                ..PutOptions::default()
            };
            if self.put(key, &next, condition).await? == Put::Written {
                return Ok(true);
            }
        }
        Err(Failure::new(
            ErrorName::StorageUnavailable,
            "an object without concurrent writers",
            format!("{UPDATE_TRIES} concurrent writes"),
            object.to_string(),
            "no action needed: the call is retried",
        ))
    }

    async fn put<T: Serialize + Sync>(
        &self,
        key: &str,
        value: &T,
        condition: PutOptions,
    ) -> Result<Put, Failure> {
        let object = self.at(key);
        let body = serde_json::to_vec_pretty(value)
            .map_err(|e| Failure::internal(e.to_string(), object.to_string()))?;
        let options = PutOptions {
            content_type: "application/json".to_owned(),
            ..condition
        };
        self.store
            .put(&object, Bytes::from(body), &options)
            .await
            .on_object(&object)
    }
}
