//! Buckets, versions and unfinished uploads: everything about objects but their bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;
use md5::{Digest as _, Md5};
use s3s::dto::{ChecksumAlgorithm, ETag, ETagCondition, Metadata, NotificationConfiguration};
use s3s::{S3Result, s3_error};

use crate::files::Content;

/// The smallest part of an upload that is not the last, in bytes.
const MIN_PART: u64 = 5 << 20;

/// The headers that are stored with an object.
#[derive(Clone, Default)]
pub(crate) struct Headers {
    pub(crate) content_type: Option<String>,
    pub(crate) cache_control: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_language: Option<String>,
    pub(crate) metadata: Option<Metadata>,
}

/// An object: never changed, only replaced.
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) content: Content,
    /// Without quotes.
    pub(crate) etag: String,
    /// CRC64NVME of all bytes; `None` if the file was placed, so that nobody has read it.
    pub(crate) crc64: Option<u64>,
    pub(crate) headers: Headers,
}

/// An object, or the marker of its deletion, at one time.
#[derive(Clone)]
pub(crate) struct Version {
    /// `None` in a bucket without versions.
    pub(crate) id: Option<String>,
    pub(crate) modified: Timestamp,
    object: Option<Arc<Object>>,
}

/// A version that is not a deletion.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) version_id: Option<String>,
    pub(crate) modified: Timestamp,
    pub(crate) object: Arc<Object>,
}

/// The conditions of a write.
#[derive(Default)]
pub(crate) struct Condition {
    pub(crate) if_match: Option<ETagCondition>,
    pub(crate) if_none_match: Option<ETagCondition>,
}

pub(crate) struct Bucket {
    pub(crate) created: Timestamp,
    pub(crate) versioned: bool,
    pub(crate) notifications: NotificationConfiguration,
    /// The versions of each key, the newest last.
    objects: BTreeMap<String, Vec<Version>>,
}

/// An upload in parts that is not complete yet.
pub(crate) struct Upload {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) created: Timestamp,
    pub(crate) headers: Headers,
    /// The kind of checksum that the client announced.
    pub(crate) checksum: Option<ChecksumAlgorithm>,
    pub(crate) parts: BTreeMap<i32, Part>,
}

#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) content: Content,
    pub(crate) md5: [u8; 16],
    pub(crate) crc64: u64,
    pub(crate) modified: Timestamp,
}

impl Part {
    pub(crate) fn etag(&self) -> String {
        hex::encode(self.md5)
    }
}

/// What a deletion did.
pub(crate) struct Deleted {
    /// The deletion made or removed a marker.
    pub(crate) marker: bool,
    pub(crate) version_id: Option<String>,
}

/// One page of a listing.
#[derive(Default)]
pub(crate) struct Page {
    pub(crate) objects: Vec<(String, Found)>,
    pub(crate) prefixes: BTreeSet<String>,
    /// The last key of the page, if more follow.
    pub(crate) next: Option<String>,
}

#[derive(Default)]
pub(crate) struct Index {
    pub(crate) buckets: BTreeMap<String, Bucket>,
    pub(crate) uploads: BTreeMap<String, Upload>,
}

impl Index {
    pub(crate) fn create_bucket(&mut self, name: &str) -> S3Result<()> {
        if self.buckets.contains_key(name) {
            return Err(s3_error!(BucketAlreadyOwnedByYou));
        }
        let bucket = Bucket {
            created: Timestamp::now(),
            versioned: false,
            notifications: NotificationConfiguration::default(),
            objects: BTreeMap::new(),
        };
        self.buckets.insert(name.to_owned(), bucket);
        Ok(())
    }

    pub(crate) fn delete_bucket(&mut self, name: &str) -> S3Result<()> {
        if !self.bucket(name)?.objects.is_empty() {
            return Err(s3_error!(BucketNotEmpty));
        }
        self.buckets.remove(name);
        Ok(())
    }

    pub(crate) fn bucket(&self, name: &str) -> S3Result<&Bucket> {
        let found = self.buckets.get(name);
        found.ok_or_else(|| s3_error!(NoSuchBucket, "there is no bucket {name}"))
    }

    pub(crate) fn bucket_mut(&mut self, name: &str) -> S3Result<&mut Bucket> {
        let found = self.buckets.get_mut(name);
        found.ok_or_else(|| s3_error!(NoSuchBucket, "there is no bucket {name}"))
    }

    /// The newest version, or the one with this id.
    pub(crate) fn find(&self, bucket: &str, key: &str, id: Option<&str>) -> S3Result<Found> {
        let versions = self.bucket(bucket)?.objects.get(key);
        let versions = versions.map_or(&[][..], Vec::as_slice);
        let found = match id {
            None => versions.last(),
            Some(id) => versions.iter().find(|v| v.id.as_deref() == Some(id)),
        };
        match (found.and_then(found_object), id) {
            (Some(found), _) => Ok(found),
            (None, Some(id)) => Err(s3_error!(
                NoSuchVersion,
                "there is no version {id} of {key}"
            )),
            (None, None) => Err(s3_error!(NoSuchKey, "there is no object {key}")),
        }
    }

    /// Writes an object if its condition holds; returns the new version.
    pub(crate) fn put(
        &mut self,
        bucket: &str,
        key: &str,
        object: Object,
        condition: &Condition,
    ) -> S3Result<Found> {
        let bucket = self.bucket_mut(bucket)?;
        let versions = bucket.objects.get(key).and_then(|v| v.last());
        condition.check(versions.and_then(found_object).as_ref())?;
        let version = Version {
            id: bucket.versioned.then(new_id),
            modified: Timestamp::now(),
            object: Some(Arc::new(object)),
        };
        let found = found_object(&version);
        let versions = bucket.objects.entry(key.to_owned()).or_default();
        if !bucket.versioned {
            versions.clear();
        }
        versions.push(version);
        found.ok_or_else(|| s3_error!(InternalError))
    }

    /// Deletes an object, or one version of it for good.
    pub(crate) fn delete(
        &mut self,
        bucket: &str,
        key: &str,
        id: Option<&str>,
    ) -> S3Result<Deleted> {
        let bucket = self.bucket_mut(bucket)?;
        let mut deleted = Deleted {
            marker: false,
            version_id: id.map(str::to_owned),
        };
        match (id, bucket.objects.get_mut(key)) {
            (Some(id), Some(versions)) => {
                let gone = |v: &Version| v.id.as_deref() == Some(id);
                deleted.marker = versions.iter().any(|v| gone(v) && v.object.is_none());
                versions.retain(|v| !gone(v));
                if versions.is_empty() {
                    bucket.objects.remove(key);
                }
            }
            (None, _) if bucket.versioned => {
                let marker = Version {
                    id: Some(new_id()),
                    modified: Timestamp::now(),
                    object: None,
                };
                deleted.marker = true;
                deleted.version_id.clone_from(&marker.id);
                bucket
                    .objects
                    .entry(key.to_owned())
                    .or_default()
                    .push(marker);
            }
            _ => {
                bucket.objects.remove(key);
            }
        }
        Ok(deleted)
    }

    /// The newest versions under a prefix after a key, in the order of their bytes. With a delimiter, keys that contain it
    /// after the prefix are shown by their common prefix.
    pub(crate) fn list(
        &self,
        bucket: &str,
        prefix: &str,
        after: &str,
        delimiter: Option<&str>,
        limit: usize,
    ) -> S3Result<Page> {
        let objects = &self.bucket(bucket)?.objects;
        let from = match after < prefix {
            true => Bound::Included(prefix),
            false => Bound::Excluded(after),
        };
        let mut page = Page::default();
        let mut last = "";
        let keys = objects.range::<str, _>((from, Bound::Unbounded));
        for (key, versions) in keys.take_while(|(key, _)| key.starts_with(prefix)) {
            let Some(found) = versions.last().and_then(found_object) else {
                continue;
            };
            let common = delimiter.and_then(|d| {
                let rest = key.strip_prefix(prefix)?;
                Some(&key[..prefix.len() + rest.find(d)? + d.len()])
            });
            let seen = common.is_some_and(|c| page.prefixes.contains(c) || after.starts_with(c));
            if !seen && page.objects.len() + page.prefixes.len() >= limit {
                page.next = Some(last.to_owned());
                break;
            }
            last = key;
            match common {
                Some(_) if seen => {}
                Some(common) => drop(page.prefixes.insert(common.to_owned())),
                None => page.objects.push((key.clone(), found)),
            }
        }
        Ok(page)
    }

    pub(crate) fn start_upload(
        &mut self,
        bucket: &str,
        key: &str,
        headers: Headers,
        checksum: Option<ChecksumAlgorithm>,
    ) -> S3Result<String> {
        self.bucket(bucket)?;
        let id = new_id();
        let upload = Upload {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            created: Timestamp::now(),
            headers,
            checksum,
            parts: BTreeMap::new(),
        };
        self.uploads.insert(id.clone(), upload);
        Ok(id)
    }

    pub(crate) fn upload_mut(
        &mut self,
        bucket: &str,
        key: &str,
        id: &str,
    ) -> S3Result<&mut Upload> {
        let found = self.uploads.get_mut(id);
        let found = found.filter(|upload| (&*upload.bucket, &*upload.key) == (bucket, key));
        found.ok_or_else(|| s3_error!(NoSuchUpload, "there is no upload {id} of {key}"))
    }

    /// Makes an object of the parts, given as numbers with the ETags that the client saw.
    pub(crate) fn complete_upload(
        &mut self,
        id: &str,
        (bucket, key): (&str, &str),
        listed: &[(i32, Option<String>)],
        expected: Expected,
        condition: &Condition,
    ) -> S3Result<Found> {
        let upload = self.upload_mut(bucket, key, id)?;
        let object = joined(upload, listed)?;
        expected.check(&object)?;
        let found = self.put(bucket, key, object, condition)?;
        self.uploads.remove(id);
        Ok(found)
    }
}

/// What the client states about the whole object of an upload.
#[derive(Default)]
pub(crate) struct Expected {
    pub(crate) size: Option<u64>,
    pub(crate) crc64: Option<String>,
}

impl Expected {
    fn check(&self, found: &Object) -> S3Result<()> {
        if self.size.is_some_and(|size| size != found.content.size()) {
            return Err(s3_error!(InvalidRequest, "the object has another size"));
        }
        let crc64 = found.crc64.map(crate::receive::crc64_text);
        match &self.crc64 {
            Some(stated) if Some(stated) != crc64.as_ref() => Err(s3_error!(
                BadDigest,
                "the object does not match CRC64NVME {stated}"
            )),
            _ => Ok(()),
        }
    }
}

fn joined(upload: &Upload, listed: &[(i32, Option<String>)]) -> S3Result<Object> {
    if listed.is_empty() {
        return Err(s3_error!(MalformedXML, "an upload needs at least one part"));
    }
    if !listed.is_sorted_by(|(a, _), (b, _)| a < b) {
        return Err(s3_error!(InvalidPartOrder));
    }
    let mut content = Content::default();
    let mut md5 = Md5::new();
    let mut crc64: Option<u64> = None;
    for (place, (number, etag)) in listed.iter().enumerate() {
        let part = upload.parts.get(number);
        let part = part.filter(|p| etag.as_ref().is_none_or(|etag| *etag == p.etag()));
        let part = part.ok_or_else(|| s3_error!(InvalidPart, "part {number} is not as listed"))?;
        let size = part.content.size();
        if size < MIN_PART && place + 1 < listed.len() {
            return Err(s3_error!(EntityTooSmall, "part {number} has {size} bytes"));
        }
        content.append(&part.content);
        md5.update(part.md5);
        let combine = crc_fast::checksum_combine;
        let algorithm = crc_fast::CrcAlgorithm::Crc64Nvme;
        crc64 = Some(crc64.map_or(part.crc64, |crc| combine(algorithm, crc, part.crc64, size)));
    }
    Ok(Object {
        content,
        etag: format!("{}-{}", hex::encode(md5.finalize()), listed.len()),
        crc64,
        headers: upload.headers.clone(),
    })
}

impl Condition {
    /// Whether a write over this newest version is allowed.
    fn check(&self, newest: Option<&Found>) -> S3Result<()> {
        let matches = |condition: &ETagCondition| match condition {
            ETagCondition::Any => newest.is_some(),
            ETagCondition::ETag(tag) => newest.is_some_and(|n| n.object.etag == tag.value()),
        };
        match (&self.if_match, &self.if_none_match) {
            (Some(_), _) if newest.is_none() => Err(s3_error!(NoSuchKey)),
            (Some(tag), _) if !matches(tag) => Err(s3_error!(PreconditionFailed)),
            (_, Some(tag)) if matches(tag) => Err(s3_error!(PreconditionFailed)),
            _ => Ok(()),
        }
    }

    /// Whether a read of this version is allowed.
    pub(crate) fn check_read(&self, found: &Found) -> S3Result<()> {
        let equal = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(tag) => found.object.etag == tag.value(),
        };
        let changed = !found.object.content.is_unchanged();
        if changed || self.if_match.as_ref().is_some_and(|tag| !equal(tag)) {
            return Err(s3_error!(PreconditionFailed));
        }
        if self.if_none_match.as_ref().is_some_and(equal) {
            return Err(s3_error!(NotModified));
        }
        Ok(())
    }
}

fn found_object(version: &Version) -> Option<Found> {
    Some(Found {
        version_id: version.id.clone(),
        modified: version.modified,
        object: version.object.clone()?,
    })
}

impl Found {
    pub(crate) fn etag(&self) -> ETag {
        ETag::Strong(self.object.etag.clone())
    }
}

/// An id of a version or an upload.
fn new_id() -> String {
    format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..))
}
