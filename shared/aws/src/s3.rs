//! Objects in S3.

mod read;
mod write;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::head_object::builders::HeadObjectFluentBuilder;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use bytes::Bytes;
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{
    ListedObject, ObjectMeta, ObjectStore, PortError, PortErrorKind, PortResult, Put, PutOptions,
};
use write::Source;

use crate::error::{kind_of_code, port_error};

/// The most keys that one `DeleteObjects` takes.
const DELETE_BATCH: usize = 1_000;

/// S3 behind the [`ObjectStore`] port.
#[derive(Clone, Debug)]
pub struct S3Store {
    client: Client,
}

impl S3Store {
    /// All buckets that the client may reach.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    fn head_of(&self, object: &ObjectRef) -> HeadObjectFluentBuilder {
        self.client
            .head_object()
            .bucket(&object.bucket)
            .key(&object.key)
    }

    async fn delete_batch(&self, bucket: &str, keys: &[String]) -> PortResult<()> {
        let resource = format!("s3://{bucket} ({} keys)", keys.len());
        let invalid = |e: aws_sdk_s3::error::BuildError| {
            PortError::new(
                PortErrorKind::Invalid,
                format!("DeleteObjects {resource}: {e}"),
            )
        };
        let objects = keys
            .iter()
            .map(|key| ObjectIdentifier::builder().key(key).build())
            .collect::<Result<Vec<_>, _>>()
            .map_err(invalid)?;
        let batch = Delete::builder()
            .set_objects(Some(objects))
            .quiet(true)
            .build()
            .map_err(invalid)?;
        let answer = self
            .client
            .delete_objects()
            .bucket(bucket)
            .delete(batch)
            .send()
            .await
            .map_err(|e| port_error("DeleteObjects", &resource, e))?;
        refused_keys(bucket, answer.errors())
    }
}

/// `DeleteObjects` answers 200 although it refused some keys.
fn refused_keys(bucket: &str, errors: &[aws_sdk_s3::types::Error]) -> PortResult<()> {
    let mut refused = errors
        .iter()
        .filter(|e| !matches!(e.code(), Some("NoSuchKey" | "NoSuchVersion")));
    let Some(first) = refused.next() else {
        return Ok(());
    };
    let code = first.code().unwrap_or("refused");
    let detail = format!(
        "DeleteObjects s3://{bucket}/{}: {code}: {} ({} more keys refused)",
        first.key().unwrap_or_default(),
        first.message().unwrap_or_default(),
        refused.count(),
    );
    let kind = kind_of_code(code).unwrap_or(PortErrorKind::Invalid);
    Err(PortError::new(kind, detail))
}

#[async_trait]
impl ObjectStore for S3Store {
    async fn head(&self, object: &ObjectRef) -> PortResult<ObjectMeta> {
        let found = self
            .head_of(object)
            .send()
            .await
            .map_err(|e| explain_denial(port_error("HeadObject", object, e)))?;
        Ok(ObjectMeta {
            pin: ObjectPin {
                object: object.clone(),
                // An object from before versioning was switched on has the version id "null", which cannot be pinned
                // against: the next write replaces it.
                version_id: found.version_id.filter(|id| id != "null"),
                etag: found.e_tag.unwrap_or_default().trim_matches('"').to_owned(),
                size: found
                    .content_length
                    .and_then(|n| u64::try_from(n).ok())
                    .unwrap_or(0),
            },
            content_type: found.content_type,
            cache_control: found.cache_control,
            content_encoding: found.content_encoding.filter(|e| !e.is_empty()),
        })
    }

    async fn get(&self, object: &ObjectRef, limit: u64) -> PortResult<Bytes> {
        self.read_whole(object, limit).await
    }

    async fn get_range(&self, pin: &ObjectPin, start: u64, end: u64) -> PortResult<Bytes> {
        self.read_range(pin, start, end.min(pin.size)).await
    }

    async fn put(&self, object: &ObjectRef, body: Bytes, options: &PutOptions) -> PortResult<Put> {
        self.write(object, Source::Memory(body), options).await
    }

    async fn put_file(
        &self,
        object: &ObjectRef,
        file: &std::path::Path,
        options: &PutOptions,
    ) -> PortResult<Put> {
        self.write(object, Source::File(file), options).await
    }

    async fn list(&self, bucket: &str, prefix: &str) -> PortResult<Vec<ListedObject>> {
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .into_paginator()
            .send();
        let mut listed = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page
                .map_err(|e| port_error("ListObjectsV2", &format!("s3://{bucket}/{prefix}"), e))?;
            listed.extend(
                page.contents
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|object| {
                        Some(ListedObject {
                            key: object.key?,
                            size: u64::try_from(object.size?).ok()?,
                        })
                    }),
            );
        }
        Ok(listed)
    }

    async fn delete(&self, bucket: &str, keys: &[String]) -> PortResult<()> {
        for batch in keys.chunks(DELETE_BATCH) {
            self.delete_batch(bucket, batch).await?;
        }
        Ok(())
    }
}

/// S3 hides whether an object exists from those who may not list its bucket.
fn explain_denial(error: PortError) -> PortError {
    if error.kind() != PortErrorKind::Denied {
        return error;
    }
    error.with_hint(" (S3 also answers this for a missing object if s3:ListBucket is not granted)")
}

#[cfg(test)]
mod tests;
