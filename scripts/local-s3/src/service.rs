//! The operations of S3, between the types of the wire and the index.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::BytesMut;
use futures::TryStreamExt as _;
use jiff::Timestamp as Time;
use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};

use crate::PLACE;
use crate::emulator::Emulator;
use crate::events::{self, Message};
use crate::files::Folder;
use crate::index::{
    Condition, Expected, Found, Headers, Index, Object as Stored, Part as StoredPart,
};
use crate::receive::{Received, Stated, crc64_text, receive};

/// The largest page of a listing, as in S3.
const MAX_KEYS: i32 = 1_000;
/// How often a message to a queue is tried.
const SENDS: u32 = 20;

pub(crate) struct Objects {
    index: Arc<Mutex<Index>>,
    folder: Folder,
    item_lists: String,
    emulator: Emulator,
}

impl Objects {
    pub(crate) fn new(
        folder: &Path,
        item_lists: String,
        emulator: Emulator,
    ) -> std::io::Result<Self> {
        Ok(Self {
            index: Arc::default(),
            folder: Folder::create(folder)?,
            item_lists,
            emulator,
        })
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        locked(&self.index)
    }

    /// The index, which others may read.
    pub(crate) fn shared_index(&self) -> Arc<Mutex<Index>> {
        Arc::clone(&self.index)
    }

    /// Writes an object and announces it.
    fn commit(
        &self,
        (bucket, key): (&str, &str),
        object: Stored,
        condition: &Condition,
        event: &str,
    ) -> S3Result<Found> {
        let mut index = self.index();
        let found = index.put(bucket, key, object, condition)?;
        self.announce(&index, (bucket, key), event, &found)?;
        Ok(found)
    }

    fn announce(
        &self,
        index: &Index,
        (bucket, key): (&str, &str),
        event: &str,
        found: &Found,
    ) -> S3Result<()> {
        let configuration = &index.bucket(bucket)?.notifications;
        self.send(events::messages((bucket, key), event, found, configuration));
        Ok(())
    }

    /// Sends messages in the background, as S3 does.
    fn send(&self, messages: Vec<Message>) {
        for message in messages {
            let emulator = self.emulator.clone();
            tokio::spawn(async move {
                for attempt in 1..=SENDS {
                    match emulator.send_message(&message).await {
                        Ok(()) => return,
                        Err(error) => eprintln!("local-s3: attempt {attempt}: {error}"),
                    }
                    tokio::time::sleep(std::time::Duration::from_millis(250)).await;
                }
            });
        }
    }

    /// Writes an item list into the emulator's S3 as well.
    async fn share(&self, bucket: &str, key: &str, object: &Stored) -> S3Result<()> {
        if !key.contains(&self.item_lists) {
            return Ok(());
        }
        let pieces = object.content.clone().stream();
        let bytes: BytesMut = pieces
            .map_err(|e| s3_error!(InternalError, "{e}"))
            .try_collect()
            .await?;
        let put = self.emulator.put_object(bucket, key, bytes.freeze()).await;
        put.map_err(|e| s3_error!(e, ServiceUnavailable))
    }

    /// The object of an empty request that names a file in the folder `incoming`.
    fn place(&self, name: &str) -> S3Result<Stored> {
        let (file, size) = self
            .folder
            .take(name)
            .map_err(|e| s3_error!(InvalidRequest, "cannot take the file {name}: {e}"))?;
        Ok(Stored {
            content: crate::files::Content::of_file(file, size),
            // Nobody has read the file, so its MD5 is unknown. S3 gives such ETags to uploads in parts.
            etag: format!("{:016x}{:016x}-1", fastrand::u64(..), fastrand::u64(..)),
            crc64: None,
            headers: Headers::default(),
        })
    }

    /// The source of a copy.
    fn source(
        &self,
        source: &CopySource,
        if_match: Option<ETagCondition>,
        if_none_match: Option<ETagCondition>,
    ) -> S3Result<Found> {
        let CopySource::Bucket {
            bucket,
            key,
            version_id,
        } = source
        else {
            return Err(s3_error!(NotImplemented, "the source must be bucket/key"));
        };
        let condition = Condition {
            if_match,
            if_none_match,
        };
        self.find((bucket, key), version_id.as_deref(), &condition)
    }

    /// An object that is read under a condition.
    fn find(
        &self,
        (bucket, key): (&str, &str),
        version: Option<&str>,
        condition: &Condition,
    ) -> S3Result<Found> {
        let found = self.index().find(bucket, key, version)?;
        condition.check_read(&found)?;
        Ok(found)
    }

    fn receive_part(
        &self,
        received: Received,
        target: (&str, &str, &str),
        number: i32,
    ) -> S3Result<StoredPart> {
        let part = StoredPart {
            content: received.content,
            md5: received.md5,
            crc64: received.crc64,
            modified: Time::now(),
        };
        self.add_part(&part, target, number)?;
        Ok(part)
    }

    fn add_part(
        &self,
        part: &StoredPart,
        (bucket, key, upload): (&str, &str, &str),
        number: i32,
    ) -> S3Result<()> {
        let mut index = self.index();
        let upload = index.upload_mut(bucket, key, upload)?;
        upload.parts.insert(number, part.clone());
        Ok(())
    }
}

/// The index, also after a panic: each change of it is complete.
pub(crate) fn locked(index: &Mutex<Index>) -> MutexGuard<'_, Index> {
    index.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The headers of an input that are stored with the object.
macro_rules! headers_of {
    ($input:ident) => {
        Headers {
            content_type: $input.content_type,
            cache_control: $input.cache_control,
            content_encoding: $input.content_encoding.filter(|e| e != "aws-chunked"),
            content_disposition: $input.content_disposition,
            content_language: $input.content_language,
            metadata: $input.metadata,
        }
    };
}

fn done<T>(output: T) -> S3Result<S3Response<T>> {
    Ok(S3Response::new(output))
}

fn timestamp(time: Time) -> Timestamp {
    Timestamp::from(std::time::SystemTime::from(time))
}

fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn page_size(wanted: Option<i32>) -> usize {
    usize::try_from(wanted.unwrap_or(MAX_KEYS).clamp(0, MAX_KEYS)).unwrap_or(0)
}

#[async_trait::async_trait]
impl S3 for Objects {
    async fn create_bucket(
        &self,
        req: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        let bucket = req.input.bucket;
        self.index().create_bucket(&bucket)?;
        let created = self.emulator.create_bucket(&bucket).await;
        created.map_err(|e| s3_error!(e, ServiceUnavailable))?;
        done(CreateBucketOutput {
            location: Some(format!("/{bucket}")),
        })
    }

    async fn delete_bucket(
        &self,
        req: S3Request<DeleteBucketInput>,
    ) -> S3Result<S3Response<DeleteBucketOutput>> {
        self.index().delete_bucket(&req.input.bucket)?;
        done(DeleteBucketOutput::default())
    }

    async fn head_bucket(
        &self,
        req: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.index().bucket(&req.input.bucket)?;
        done(HeadBucketOutput::default())
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.index().bucket(&req.input.bucket)?;
        done(GetBucketLocationOutput::default())
    }

    async fn list_buckets(
        &self,
        _req: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        let index = self.index();
        let buckets = index.buckets.iter().map(|(name, bucket)| Bucket {
            name: Some(name.clone()),
            creation_date: Some(timestamp(bucket.created)),
            ..Default::default()
        });
        done(ListBucketsOutput {
            buckets: Some(buckets.collect()),
            ..Default::default()
        })
    }

    async fn put_bucket_versioning(
        &self,
        req: S3Request<PutBucketVersioningInput>,
    ) -> S3Result<S3Response<PutBucketVersioningOutput>> {
        let status = req.input.versioning_configuration.status;
        let enabled = status.is_some_and(|s| s.as_str() == BucketVersioningStatus::ENABLED);
        if !enabled {
            return Err(s3_error!(NotImplemented, "versions can only be enabled"));
        }
        self.index().bucket_mut(&req.input.bucket)?.versioned = true;
        done(PutBucketVersioningOutput::default())
    }

    async fn get_bucket_versioning(
        &self,
        req: S3Request<GetBucketVersioningInput>,
    ) -> S3Result<S3Response<GetBucketVersioningOutput>> {
        let versioned = self.index().bucket(&req.input.bucket)?.versioned;
        let enabled = || BucketVersioningStatus::from_static(BucketVersioningStatus::ENABLED);
        done(GetBucketVersioningOutput {
            status: versioned.then(enabled),
            ..Default::default()
        })
    }

    async fn put_bucket_notification_configuration(
        &self,
        req: S3Request<PutBucketNotificationConfigurationInput>,
    ) -> S3Result<S3Response<PutBucketNotificationConfigurationOutput>> {
        let (bucket, configuration) = (req.input.bucket, req.input.notification_configuration);
        events::check(&configuration)?;
        self.send(events::test_messages(&bucket, &configuration));
        self.index().bucket_mut(&bucket)?.notifications = configuration;
        done(PutBucketNotificationConfigurationOutput::default())
    }

    async fn get_bucket_notification_configuration(
        &self,
        req: S3Request<GetBucketNotificationConfigurationInput>,
    ) -> S3Result<S3Response<GetBucketNotificationConfigurationOutput>> {
        let found = self
            .index()
            .bucket(&req.input.bucket)?
            .notifications
            .clone();
        done(GetBucketNotificationConfigurationOutput {
            queue_configurations: found.queue_configurations,
            ..Default::default()
        })
    }

    async fn put_object(
        &self,
        mut req: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let place = req
            .headers
            .get(PLACE)
            .map(|name| name.to_str().unwrap_or_default().to_owned());
        let stated = Stated::of(&mut req);
        let input = req.input;
        self.index().bucket(&input.bucket)?;
        let (mut object, verified) = match place {
            Some(name) => (self.place(&name)?, Checksum::default()),
            None => {
                let received = receive(&self.folder, input.body, &stated).await?;
                let object = Stored {
                    content: received.content,
                    etag: hex::encode(received.md5),
                    crc64: Some(received.crc64),
                    headers: Headers::default(),
                };
                (object, received.verified)
            }
        };
        object.headers = headers_of!(input);
        self.share(&input.bucket, &input.key, &object).await?;
        let condition = Condition {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
        };
        let target = (&*input.bucket, &*input.key);
        let found = self.commit(target, object, &condition, "ObjectCreated:Put")?;
        done(PutObjectOutput {
            e_tag: Some(found.etag()),
            version_id: found.version_id,
            checksum_crc32: verified.checksum_crc32,
            checksum_crc32c: verified.checksum_crc32c,
            checksum_crc64nvme: verified.checksum_crc64nvme,
            checksum_sha1: verified.checksum_sha1,
            checksum_sha256: verified.checksum_sha256,
            ..Default::default()
        })
    }

    async fn head_object(
        &self,
        req: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = req.input;
        let condition = Condition {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
        };
        let object = (&*input.bucket, &*input.key);
        let found = self.find(object, input.version_id.as_deref(), &condition)?;
        let headers = found.object.headers.clone();
        done(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(signed(found.object.content.size())),
            e_tag: Some(found.etag()),
            last_modified: Some(timestamp(found.modified)),
            checksum_crc64nvme: shown_crc64(&found, input.checksum_mode.as_ref()),
            version_id: found.version_id,
            content_type: headers.content_type,
            cache_control: headers.cache_control,
            content_encoding: headers.content_encoding,
            content_disposition: headers.content_disposition,
            content_language: headers.content_language,
            metadata: headers.metadata,
            ..Default::default()
        })
    }

    async fn get_object(
        &self,
        req: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = req.input;
        let condition = Condition {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
        };
        let object = (&*input.bucket, &*input.key);
        let found = self.find(object, input.version_id.as_deref(), &condition)?;
        let content = &found.object.content;
        let size = content.size();
        let range = match &input.range {
            Some(range) => Some(range.check(size)?),
            None => None,
        };
        let shown = range.clone().unwrap_or(0..size);
        let headers = found.object.headers.clone();
        done(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            body: Some(content.slice(shown.start, shown.end).stream()),
            content_length: Some(signed(shown.end - shown.start)),
            content_range: range
                .as_ref()
                .map(|r| format!("bytes {}-{}/{size}", r.start, r.end - 1)),
            e_tag: Some(found.etag()),
            last_modified: Some(timestamp(found.modified)),
            // S3 has no checksum of a range.
            checksum_crc64nvme: match range {
                Some(_) => None,
                None => shown_crc64(&found, input.checksum_mode.as_ref()),
            },
            version_id: found.version_id,
            content_type: headers.content_type,
            cache_control: headers.cache_control,
            content_encoding: headers.content_encoding,
            content_disposition: headers.content_disposition,
            content_language: headers.content_language,
            metadata: headers.metadata,
            ..Default::default()
        })
    }

    async fn list_objects_v2(
        &self,
        req: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = req.input;
        let after = input
            .continuation_token
            .as_ref()
            .or(input.start_after.as_ref());
        let prefix = input.prefix.clone().unwrap_or_default();
        let page = self.index().list(
            &input.bucket,
            &prefix,
            after.map_or("", String::as_str),
            input.delimiter.as_deref(),
            page_size(input.max_keys),
        )?;
        let objects = page.objects.into_iter().map(|(key, found)| Object {
            key: Some(key),
            size: Some(signed(found.object.content.size())),
            e_tag: Some(found.etag()),
            last_modified: Some(timestamp(found.modified)),
            ..Default::default()
        });
        let objects: Vec<Object> = objects.collect();
        let common = page.prefixes.into_iter().map(|prefix| CommonPrefix {
            prefix: Some(prefix),
        });
        let common: Vec<CommonPrefix> = common.collect();
        done(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(prefix),
            delimiter: input.delimiter,
            max_keys: input.max_keys.or(Some(MAX_KEYS)),
            key_count: i32::try_from(objects.len() + common.len()).ok(),
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next,
            contents: Some(objects),
            common_prefixes: Some(common),
            ..Default::default()
        })
    }

    async fn delete_object(
        &self,
        req: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = req.input;
        let deleted =
            self.index()
                .delete(&input.bucket, &input.key, input.version_id.as_deref())?;
        done(DeleteObjectOutput {
            delete_marker: deleted.marker.then_some(true),
            version_id: deleted.version_id,
            ..Default::default()
        })
    }

    async fn delete_objects(
        &self,
        req: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let Delete { objects, quiet } = req.input.delete;
        let mut shown = Vec::new();
        for object in objects {
            let deleted = self.index().delete(
                &req.input.bucket,
                &object.key,
                object.version_id.as_deref(),
            )?;
            shown.push(DeletedObject {
                key: Some(object.key),
                delete_marker: deleted.marker.then_some(true),
                version_id: object.version_id,
                ..Default::default()
            });
        }
        done(DeleteObjectsOutput {
            deleted: (quiet != Some(true)).then_some(shown),
            ..Default::default()
        })
    }

    async fn copy_object(
        &self,
        req: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = req.input;
        let source = self.source(
            &input.copy_source,
            input.copy_source_if_match,
            input.copy_source_if_none_match,
        )?;
        let replaced = input
            .metadata_directive
            .is_some_and(|d| d.as_str() == MetadataDirective::REPLACE);
        let mut object = Stored::clone(&source.object);
        if replaced {
            object.headers = headers_of!(input);
        }
        let target = (&*input.bucket, &*input.key);
        let found = self.commit(target, object, &Condition::default(), "ObjectCreated:Copy")?;
        done(CopyObjectOutput {
            copy_object_result: Some(CopyObjectResult {
                e_tag: Some(found.etag()),
                last_modified: Some(timestamp(found.modified)),
                ..Default::default()
            }),
            version_id: found.version_id,
            copy_source_version_id: source.version_id,
            ..Default::default()
        })
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = req.input;
        let headers = headers_of!(input);
        let id = self.index().start_upload(
            &input.bucket,
            &input.key,
            headers,
            input.checksum_algorithm.clone(),
        )?;
        done(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            checksum_algorithm: input.checksum_algorithm,
            checksum_type: input.checksum_type,
            ..Default::default()
        })
    }

    async fn upload_part(
        &self,
        mut req: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let stated = Stated::of(&mut req);
        let input = req.input;
        let target = (&*input.bucket, &*input.key, &*input.upload_id);
        self.index().upload_mut(target.0, target.1, target.2)?;
        let received = receive(&self.folder, input.body, &stated).await?;
        let verified = received.verified.clone();
        let part = self.receive_part(received, target, input.part_number)?;
        done(UploadPartOutput {
            e_tag: Some(ETag::Strong(part.etag())),
            checksum_crc32: verified.checksum_crc32,
            checksum_crc32c: verified.checksum_crc32c,
            checksum_crc64nvme: verified.checksum_crc64nvme,
            checksum_sha1: verified.checksum_sha1,
            checksum_sha256: verified.checksum_sha256,
            ..Default::default()
        })
    }

    async fn list_parts(
        &self,
        req: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        let input = req.input;
        let mut index = self.index();
        let upload = index.upload_mut(&input.bucket, &input.key, &input.upload_id)?;
        let after = input.part_number_marker.unwrap_or(0);
        let limit = page_size(input.max_parts);
        let mut parts: Vec<Part> = upload
            .parts
            .range(after.saturating_add(1)..)
            .take(limit + 1)
            .map(|(number, part)| Part {
                part_number: Some(*number),
                size: Some(signed(part.content.size())),
                e_tag: Some(ETag::Strong(part.etag())),
                checksum_crc64nvme: Some(crc64_text(part.crc64)),
                last_modified: Some(timestamp(part.modified)),
                ..Default::default()
            })
            .collect();
        let more = parts.len() > limit;
        parts.truncate(limit);
        done(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            is_truncated: Some(more),
            next_part_number_marker: parts.last().and_then(|part| part.part_number),
            parts: Some(parts),
            ..Default::default()
        })
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let input = req.input;
        let index = self.index();
        index.bucket(&input.bucket)?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let of_prefix = index
            .uploads
            .iter()
            .filter(|(_, upload)| upload.bucket == input.bucket && upload.key.starts_with(&prefix));
        let uploads = of_prefix.map(|(id, upload)| MultipartUpload {
            key: Some(upload.key.clone()),
            upload_id: Some(id.clone()),
            initiated: Some(timestamp(upload.created)),
            checksum_algorithm: upload.checksum.clone(),
            ..Default::default()
        });
        done(ListMultipartUploadsOutput {
            bucket: Some(input.bucket.clone()),
            prefix: Some(prefix.clone()),
            uploads: Some(uploads.collect()),
            is_truncated: Some(false),
            ..Default::default()
        })
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let input = req.input;
        let mut index = self.index();
        index.upload_mut(&input.bucket, &input.key, &input.upload_id)?;
        index.uploads.remove(&input.upload_id);
        done(AbortMultipartUploadOutput::default())
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = req.input;
        let listed = input
            .multipart_upload
            .and_then(|upload| upload.parts)
            .unwrap_or_default();
        let listed: Vec<(i32, Option<String>)> = listed
            .into_iter()
            .map(|part| {
                (
                    part.part_number.unwrap_or(0),
                    part.e_tag.map(ETag::into_value),
                )
            })
            .collect();
        let expected = Expected {
            size: input
                .mpu_object_size
                .and_then(|size| u64::try_from(size).ok()),
            crc64: input.checksum_crc64nvme,
        };
        let condition = Condition {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
        };
        let target = (&*input.bucket, &*input.key);
        let mut index = self.index();
        let found =
            index.complete_upload(&input.upload_id, target, &listed, expected, &condition)?;
        self.announce(
            &index,
            target,
            "ObjectCreated:CompleteMultipartUpload",
            &found,
        )?;
        done(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket.clone()),
            key: Some(input.key.clone()),
            e_tag: Some(found.etag()),
            checksum_crc64nvme: found.object.crc64.map(crc64_text),
            checksum_type: Some(ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
            version_id: found.version_id,
            ..Default::default()
        })
    }

    async fn upload_part_copy(
        &self,
        req: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        let input = req.input;
        let source = self.source(
            &input.copy_source,
            input.copy_source_if_match,
            input.copy_source_if_none_match,
        )?;
        let content = &source.object.content;
        let range = match &input.copy_source_range {
            Some(range) => Range::parse(range)
                .map_err(|e| s3_error!(e, InvalidRange))?
                .check(content.size())?,
            None => 0..content.size(),
        };
        // The bytes are read for their checksums, and written because a part owns its file.
        let copied = content.slice(range.start, range.end).stream();
        let received = receive(&self.folder, Some(copied), &Stated::default()).await?;
        let target = (&*input.bucket, &*input.key, &*input.upload_id);
        let part = self.receive_part(received, target, input.part_number)?;
        done(UploadPartCopyOutput {
            copy_part_result: Some(CopyPartResult {
                e_tag: Some(ETag::Strong(part.etag())),
                last_modified: Some(timestamp(part.modified)),
                ..Default::default()
            }),
            copy_source_version_id: source.version_id,
            ..Default::default()
        })
    }
}

/// The checksum of an object, if the client asks for checksums.
fn shown_crc64(found: &Found, mode: Option<&ChecksumMode>) -> Option<String> {
    mode?;
    found.object.crc64.map(crc64_text)
}
