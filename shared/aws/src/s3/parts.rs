//! Uploading a file in parts.
//!
//! The problem: a mezzanine may have hundreds of gigabytes. One request can carry 5 GiB, and if the connection breaks, it
//! starts again from the first byte.
//!
//! The idea: S3 keeps the parts of an unfinished upload, with their checksums. A later upload of the same file to the same
//! key asks for them and sends only what is missing or different. So nothing has to be stored on this side, and it does
//! not matter which process, or which machine, sent the first parts.
//!
//! Invariants:
//! - Each part is verified by S3 with its CRC64NVME. The object is verified with the CRC64NVME of the whole file, which
//!   follows from those of the parts.
//! - At most [`PARALLEL`] parts are in memory.
//! - An upload that fails leaves its parts for the next one. The lifecycle rule of the buckets removes them.

use std::collections::BTreeMap;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumType, CompletedMultipartUpload, CompletedPart, Part,
};
use base64::Engine as _;
use bytes::Bytes;
use crc_fast::CrcAlgorithm::Crc64Nvme;
use futures::{StreamExt as _, TryStreamExt as _};
use reelsmith_core::object::ObjectRef;
use reelsmith_core::ports::{PortError, PortErrorKind, PortResult, Put, PutOptions};

use super::write::{is_refused, patience, stated, unreadable};
use crate::error::port_error;

/// The size of a part, unless S3's limit of 10,000 parts needs larger ones.
pub(crate) const PART: u64 = 16 << 20;
const MAX_PARTS: u64 = 10_000;
/// Parts that are sent at the same time.
const PARALLEL: usize = 4;

/// One upload of a file.
pub(crate) struct FileUpload<'a> {
    pub(crate) client: &'a Client,
    pub(crate) object: &'a ObjectRef,
    pub(crate) file: &'a Path,
    pub(crate) options: &'a PutOptions,
    /// Whether to use the parts of an unfinished upload of the same key.
    pub(crate) resume: bool,
}

/// What an upload did.
#[derive(Debug)]
pub(crate) struct Uploaded {
    pub(crate) put: Put,
    #[cfg_attr(
        not(feature = "operator"),
        allow(dead_code, reason = "operators report it")
    )]
    pub(crate) version_id: Option<String>,
}

/// A part that S3 has.
struct Sent {
    number: i32,
    etag: String,
    crc: u64,
    length: u64,
}

/// The id of an upload, and the parts that S3 has of it.
struct Unfinished {
    id: String,
    parts: BTreeMap<i32, Part>,
}

impl FileUpload<'_> {
    /// Uploads all parts and makes the object of them.
    pub(crate) async fn run(&self) -> PortResult<Uploaded> {
        let found = tokio::fs::metadata(self.file).await;
        let size = found.map_err(|e| unreadable(self.file, &e))?.len();
        let part = part_size(size);
        let earlier = match self.resume {
            true => self.unfinished().await?,
            false => None,
        };
        let upload = match earlier {
            Some(earlier) => earlier,
            None => self.start().await?,
        };
        let upload = &upload;
        let parts = (0..size.div_ceil(part)).map(|index| {
            let (start, end) = (index * part, ((index + 1) * part).min(size));
            async move { self.send(upload, index, start, end - start).await }
        });
        let sent: Vec<Sent> = futures::stream::iter(parts)
            .buffered(PARALLEL)
            .try_collect()
            .await?;
        self.complete(&upload.id, size, sent).await
    }

    async fn start(&self) -> PortResult<Unfinished> {
        let started = self
            .client
            .create_multipart_upload()
            .bucket(&self.object.bucket)
            .key(&self.object.key)
            .set_content_type(stated(&self.options.content_type))
            .set_cache_control(self.options.cache_control.clone())
            .set_content_encoding(self.options.content_encoding.clone())
            .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
            .checksum_type(ChecksumType::FullObject)
            .send()
            .await
            .map_err(|e| port_error(self.object, e))?;
        Ok(Unfinished {
            id: started.upload_id.unwrap_or_default(),
            parts: BTreeMap::new(),
        })
    }

    /// The newest unfinished upload of the key with our kind of checksum.
    async fn unfinished(&self) -> PortResult<Option<Unfinished>> {
        let request = self
            .client
            .list_multipart_uploads()
            .bucket(&self.object.bucket)
            .prefix(&self.object.key);
        let listed = match request.send().await.map_err(|e| port_error(self.object, e)) {
            Ok(listed) => listed,
            // Who may upload need not be allowed to list uploads.
            Err(error) if error.kind() == PortErrorKind::Denied => return Ok(None),
            Err(error) => return Err(error),
        };
        let ours = listed.uploads().iter().filter(|upload| {
            upload.key() == Some(&self.object.key)
                && upload.checksum_algorithm() == Some(&ChecksumAlgorithm::Crc64Nvme)
        });
        let newest = ours.max_by_key(|upload| upload.initiated().map(|time| time.secs()));
        let Some(id) = newest.and_then(|upload| upload.upload_id()) else {
            return Ok(None);
        };
        let mut pages = self
            .client
            .list_parts()
            .bucket(&self.object.bucket)
            .key(&self.object.key)
            .upload_id(id)
            .into_paginator()
            .send();
        let mut parts = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| port_error(self.object, e))?;
            let page = page.parts.unwrap_or_default().into_iter();
            parts.extend(page.filter_map(|part| Some((part.part_number?, part))));
        }
        tracing::info!(object = %self.object, parts = parts.len(), "resuming the upload");
        Ok(Some(Unfinished {
            id: id.to_owned(),
            parts,
        }))
    }

    /// Sends a part, unless S3 has it.
    async fn send(
        &self,
        upload: &Unfinished,
        index: u64,
        start: u64,
        length: u64,
    ) -> PortResult<Sent> {
        let number = i32::try_from(index + 1).unwrap_or(i32::MAX);
        let bytes = read_part(self.file, start, length).await?;
        let crc = crc_fast::checksum(Crc64Nvme, &bytes);
        let known = upload.parts.get(&number).filter(|part| {
            part.checksum_crc64_nvme() == Some(&crc64_text(crc))
                && part.size() == i64::try_from(length).ok()
        });
        let etag = match known.and_then(|part| part.e_tag.clone()) {
            Some(etag) => etag,
            None => self.send_part(&upload.id, number, bytes, crc).await?,
        };
        Ok(Sent {
            number,
            etag,
            crc,
            length,
        })
    }

    async fn send_part(&self, id: &str, number: i32, bytes: Bytes, crc: u64) -> PortResult<String> {
        let limits = patience(bytes.len() as u64);
        let sent = self
            .client
            .upload_part()
            .bucket(&self.object.bucket)
            .key(&self.object.key)
            .upload_id(id)
            .part_number(number)
            .checksum_crc64_nvme(crc64_text(crc))
            .body(bytes.into())
            .customize()
            .config_override(aws_sdk_s3::config::Builder::new().timeout_config(limits))
            .send()
            .await
            .map_err(|e| port_error(self.object, e))?;
        Ok(sent.e_tag.unwrap_or_default())
    }

    async fn complete(&self, id: &str, size: u64, sent: Vec<Sent>) -> PortResult<Uploaded> {
        let whole = sent.iter().map(|part| (part.crc, part.length));
        let whole = whole.reduce(|(crc, length), (next, more)| {
            let crc = crc_fast::checksum_combine(Crc64Nvme, crc, next, more);
            (crc, length + more)
        });
        let parts = sent.iter().map(|part| {
            CompletedPart::builder()
                .part_number(part.number)
                .e_tag(&part.etag)
                .checksum_crc64_nvme(crc64_text(part.crc))
                .build()
        });
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(parts.collect()))
            .build();
        let options = self.options;
        let done = self
            .client
            .complete_multipart_upload()
            .bucket(&self.object.bucket)
            .key(&self.object.key)
            .upload_id(id)
            .multipart_upload(parts)
            .checksum_type(ChecksumType::FullObject)
            .set_checksum_crc64_nvme(whole.map(|(crc, _)| crc64_text(crc)))
            .set_mpu_object_size(i64::try_from(size).ok())
            .set_if_none_match(options.create_only.then(|| "*".to_owned()))
            .set_if_match(options.replace.as_ref().map(|tag| format!("\"{tag}\"")))
            .send()
            .await;
        let version_id = match done {
            Ok(done) => done.version_id,
            Err(error) if is_refused(options, &error) => {
                return Ok(Uploaded {
                    put: Put::Exists,
                    version_id: None,
                });
            }
            Err(error) => return Err(port_error(self.object, error)),
        };
        Ok(Uploaded {
            put: Put::Written,
            version_id,
        })
    }
}

/// The size of the parts of a file, in whole MiB.
fn part_size(size: u64) -> u64 {
    PART.max(size.div_ceil(MAX_PARTS).next_multiple_of(1 << 20))
}

async fn read_part(file: &Path, start: u64, length: u64) -> PortResult<Bytes> {
    let path = file.to_owned();
    let read = move || {
        let mut file = std::fs::File::open(&path)?;
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        file.read_exact(&mut bytes).map(|()| bytes)
    };
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        Ok(Err(error)) => Err(unreadable(file, &error)),
        Err(error) => Err(PortError::new(PortErrorKind::Invalid, error.to_string())),
    }
}

/// CRC64NVME of a file, as S3 writes it.
///
/// # Errors
/// Those of reading the file.
#[cfg(feature = "operator")]
pub fn crc64_of_file(file: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(file)?;
    let mut digest = crc_fast::Digest::new(Crc64Nvme);
    let mut block = vec![0; 1 << 20];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(crc64_text(digest.finalize())),
            length => digest.update(&block[..length]),
        }
    }
}

/// A CRC as S3 writes it: base64 of the eight bytes, the most significant first.
fn crc64_text(crc: u64) -> String {
    base64::engine::general_purpose::STANDARD.encode(crc.to_be_bytes())
}
