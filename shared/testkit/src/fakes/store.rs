//! Objects in memory: buckets with and without versions, entity tags, conditional writes.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use md5::{Digest as _, Md5};
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{
    ListedObject, ObjectMeta, ObjectStore, PortError, PortErrorKind, PortResult, Put, PutOptions,
};

use super::locked;

/// One version of an object; without a body it is a delete marker.
#[derive(Debug)]
struct Version {
    id: Option<String>,
    etag: String,
    body: Option<Bytes>,
    options: PutOptions,
}

#[derive(Debug, Default)]
struct Bucket {
    versioned: bool,
    written: u64,
    objects: BTreeMap<String, Vec<Version>>,
}

impl Bucket {
    /// The newest version, unless it is a delete marker.
    fn newest(&self, key: &str) -> Option<(&Version, &Bytes)> {
        let version = self.objects.get(key)?.last()?;
        Some((version, version.body.as_ref()?))
    }

    fn add(&mut self, key: &str, body: Option<Bytes>, options: PutOptions) {
        self.written += 1;
        let version = Version {
            id: self.versioned.then(|| format!("v{}", self.written)),
            etag: hex::encode(Md5::digest(body.as_deref().unwrap_or_default())),
            body,
            options,
        };
        let versions = self.objects.entry(key.to_owned()).or_default();
        if !self.versioned {
            versions.clear();
        }
        versions.push(version);
    }

    fn remove(&mut self, key: &str) {
        if self.versioned {
            self.add(key, None, PutOptions::default());
        } else {
            self.objects.remove(key);
        }
    }
}

/// Buckets in memory. The entity tag of an object is its MD5, as for S3 objects that were written in one request.
#[derive(Debug, Default)]
pub struct MemoryStore {
    buckets: Mutex<BTreeMap<String, Bucket>>,
}

impl MemoryStore {
    /// Empty buckets without versions.
    #[must_use]
    pub fn with_buckets<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let store = Self::default();
        for name in names {
            store.add_bucket(name, false);
        }
        store
    }

    /// Adds an empty bucket.
    pub fn add_bucket(&self, name: &str, versioned: bool) {
        let bucket = Bucket {
            versioned,
            ..Bucket::default()
        };
        locked(&self.buckets).insert(name.to_owned(), bucket);
    }

    /// Keys of all objects in a bucket, in order.
    #[must_use]
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        locked(&self.buckets)
            .get(bucket)
            .map(|bucket| {
                let there = |key: &&String| bucket.newest(key).is_some();
                bucket.objects.keys().filter(there).cloned().collect()
            })
            .unwrap_or_default()
    }

    /// The newest bytes of an object and the options that it was written with.
    #[must_use]
    pub fn object(&self, bucket: &str, key: &str) -> Option<(Bytes, PutOptions)> {
        let buckets = locked(&self.buckets);
        let (version, body) = buckets.get(bucket)?.newest(key)?;
        Some((body.clone(), version.options.clone()))
    }

    fn in_bucket<T>(
        &self,
        name: &str,
        act: impl FnOnce(&mut Bucket) -> PortResult<T>,
    ) -> PortResult<T> {
        match locked(&self.buckets).get_mut(name) {
            Some(bucket) => act(bucket),
            None => Err(error(PortErrorKind::NotFound, format!("no bucket {name}"))),
        }
    }
}

#[async_trait]
impl ObjectStore for MemoryStore {
    async fn head(&self, object: &ObjectRef) -> PortResult<ObjectMeta> {
        self.in_bucket(&object.bucket, |bucket| {
            let (version, body) = bucket.newest(&object.key).ok_or_else(|| missing(object))?;
            let options = &version.options;
            Ok(ObjectMeta {
                pin: ObjectPin {
                    object: object.clone(),
                    version_id: version.id.clone(),
                    etag: version.etag.clone(),
                    size: body.len() as u64,
                },
                content_type: Some(match options.content_type.as_str() {
                    "" => "application/octet-stream".to_owned(),
                    stated => stated.to_owned(),
                }),
                cache_control: options.cache_control.clone(),
                content_encoding: options.content_encoding.clone(),
            })
        })
    }

    async fn get(&self, object: &ObjectRef, limit: u64) -> PortResult<Bytes> {
        self.in_bucket(&object.bucket, |bucket| {
            let (_, body) = bucket.newest(&object.key).ok_or_else(|| missing(object))?;
            let found = body.len() as u64;
            if found > limit {
                let detail = format!("{object}: expected at most {limit} bytes, found {found}");
                return Err(error(PortErrorKind::Invalid, detail));
            }
            Ok(body.clone())
        })
    }

    async fn get_range(&self, pin: &ObjectPin, start: u64, end: u64) -> PortResult<Bytes> {
        self.in_bucket(&pin.object.bucket, |bucket| {
            let body = pinned(bucket, pin)?;
            let clip = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(body.len());
            let (start, end) = (clip(start), clip(end));
            Ok(body.slice(start.min(end)..end))
        })
    }

    async fn put(&self, object: &ObjectRef, body: Bytes, options: &PutOptions) -> PortResult<Put> {
        if object.key.is_empty() || object.key.len() > 1_024 {
            let detail = format!("{object}: expected a key of 1 to 1024 bytes");
            return Err(error(PortErrorKind::Invalid, detail));
        }
        self.in_bucket(&object.bucket, |bucket| {
            let there = bucket.newest(&object.key).map(|(v, _)| v.etag.as_str());
            let replaced = options.replace.as_deref();
            if (options.create_only && there.is_some()) || (replaced.is_some() && replaced != there)
            {
                return Ok(Put::Exists);
            }
            bucket.add(&object.key, Some(body), options.clone());
            Ok(Put::Written)
        })
    }

    async fn put_file(
        &self,
        object: &ObjectRef,
        file: &std::path::Path,
        options: &PutOptions,
    ) -> PortResult<Put> {
        let body = tokio::fs::read(file).await.map_err(|e| {
            let detail = format!("cannot read {} to upload it: {e}", file.display());
            error(PortErrorKind::Invalid, detail)
        })?;
        self.put(object, body.into(), options).await
    }

    async fn list(&self, bucket: &str, prefix: &str) -> PortResult<Vec<ListedObject>> {
        self.in_bucket(bucket, |bucket| {
            let from = bucket.objects.range(prefix.to_owned()..);
            let keys = from
                .map(|(key, _)| key)
                .take_while(|k| k.starts_with(prefix));
            let listed = |key: &String| {
                bucket.newest(key).map(|(_, body)| ListedObject {
                    key: key.clone(),
                    size: body.len() as u64,
                })
            };
            Ok(keys.filter_map(listed).collect())
        })
    }

    async fn delete(&self, bucket: &str, keys: &[String]) -> PortResult<()> {
        self.in_bucket(bucket, |bucket| {
            keys.iter().for_each(|key| bucket.remove(key));
            Ok(())
        })
    }
}

/// The body of the pinned version. Without version ids, only the newest version can match.
fn pinned<'a>(bucket: &'a Bucket, pin: &ObjectPin) -> PortResult<&'a Bytes> {
    let found = match &pin.version_id {
        None => bucket.newest(&pin.object.key),
        Some(id) => bucket
            .objects
            .get(&pin.object.key)
            .and_then(|versions| versions.iter().find(|v| v.id.as_ref() == Some(id)))
            .and_then(|version| Some((version, version.body.as_ref()?))),
    };
    let (version, body) = found.ok_or_else(|| missing(&pin.object))?;
    if version.etag != pin.etag {
        let detail = format!(
            "{}: expected entity tag {}, found {}",
            pin.object, pin.etag, version.etag
        );
        return Err(error(PortErrorKind::Changed, detail));
    }
    Ok(body)
}

fn missing(object: &ObjectRef) -> PortError {
    error(PortErrorKind::NotFound, format!("no object {object}"))
}

fn error(kind: PortErrorKind, detail: String) -> PortError {
    PortError::new(kind, detail)
}
