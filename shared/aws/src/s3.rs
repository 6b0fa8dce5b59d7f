//! Objects in S3, behind the port [`ObjectStore`].
//!
//! The problem: a job reads a mezzanine for minutes, in ranges, by many workers, while anyone may replace the object; and
//! each deliverable must be written exactly once although workers are retried.
//!
//! The idea: a read names an [`ObjectPin`] (version id and ETag), and a write carries its condition in the request
//! (`If-None-Match: *` or `If-Match`), so that S3 decides and no lock is needed.
//!
//! Invariants:
//! - A read returns the bytes of the pinned version, complete, or an error. A body that ends early is requested again,
//!   which the SDK does not do by itself; a version that has changed is `Changed`.
//! - [`Put::Exists`] means that the condition of the write failed, and nothing else. Two writers that meet at one key
//!   get `ConditionalRequestConflict` from S3 and are tried again.
//! - After a lost answer, a repeated `create_only` write finds its own object and reports [`Put::Exists`]. The caller
//!   compares the bytes.
//! - Every write carries CRC64NVME, which S3 compares with the bytes that arrived. Files above 16 MiB are written in parts,
//!   so that memory and the size of a request are bounded (`parts.rs`).
//! - `HeadObject` answers 403 both for a denial and, without `s3:ListBucket`, for a missing object; the error says so.
//!
//! Ranges: `read.rs` asks for the newest version with `If-Match` first, because it is nearly always the pinned one and an
//! emulator may support ranges of the newest version only. If it is another version, the pinned one is requested by its
//! version id. For example, a worker that reads bytes 0 to 8 MiB of `film.mov` pinned at version `v1` sends
//! `GET film.mov`, `If-Match: "e1"`, `Range: bytes=0-8388607`, and checks that the answer has the version id `v1`.

mod parts;
mod read;
mod write;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::head_object::builders::HeadObjectFluentBuilder;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use bytes::Bytes;
#[cfg(feature = "operator")]
pub(crate) use parts::crc64_of_file;
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{
    ListedObject, ObjectMeta, ObjectStore, PortError, PortErrorKind, PortResult, Put, PutOptions,
};
use write::Source;

use crate::error::{kind_of_code, port_error, unbuilt};

/// The largest number of keys of one `DeleteObjects`.
const DELETE_BATCH: usize = 1_000;

/// S3 behind the [`ObjectStore`] port.
#[derive(Clone, Debug)]
pub struct S3Store {
    client: Client,
}

impl S3Store {
    /// All buckets that the client can reach.
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
        let objects = keys
            .iter()
            .map(|key| ObjectIdentifier::builder().key(key).build())
            .collect::<Result<Vec<_>, _>>()
            .map_err(unbuilt)?;
        let batch = Delete::builder()
            .set_objects(Some(objects))
            .quiet(true)
            .build()
            .map_err(unbuilt)?;
        let answer = self
            .client
            .delete_objects()
            .bucket(bucket)
            .delete(batch)
            .send()
            .await
            .map_err(|e| port_error(&resource, e))?;
        refused_keys(bucket, answer.errors())
    }
}

/// `DeleteObjects` answers 200 even if it refused some keys.
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
            .map_err(|e| explain_denial(port_error(object, e)))?;
        Ok(ObjectMeta {
            pin: ObjectPin {
                object: object.clone(),
                // An object from before versioning was enabled has the version id "null". It cannot be pinned: the
                // next write replaces it.
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
        let written = self.write(object, Source::Memory(body), options).await?;
        Ok(written.put)
    }

    async fn put_file(
        &self,
        object: &ObjectRef,
        file: &std::path::Path,
        options: &PutOptions,
    ) -> PortResult<Put> {
        // A function starts from the beginning: its file is made anew by each attempt.
        let written = self.write_file(object, file, options, false).await?;
        Ok(written.put)
    }

    async fn list(&self, bucket: &str, prefix: &str) -> PortResult<Vec<ListedObject>> {
        let request = self.client.list_objects_v2().bucket(bucket).prefix(prefix);
        let mut pages = request.into_paginator().send();
        let mut listed = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| port_error(&format!("s3://{bucket}/{prefix}"), e))?;
            let objects = page.contents.unwrap_or_default().into_iter();
            listed.extend(objects.filter_map(|object| {
                Some(ListedObject {
                    key: object.key?,
                    size: u64::try_from(object.size?).ok()?,
                })
            }));
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

/// S3 does not show whether an object exists to callers that may not list the bucket.
fn explain_denial(error: PortError) -> PortError {
    if error.kind() != PortErrorKind::Denied {
        return error;
    }
    error.with_hint(" (S3 also answers this for a missing object if s3:ListBucket is not granted)")
}

#[cfg(test)]
mod tests;
