//! Writing objects, from memory or from a file.

use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumAlgorithm;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use bytes::Bytes;
use reelsmith_core::object::ObjectRef;
use reelsmith_core::ports::{PortError, PortErrorKind, PortResult, Put, PutOptions, chain};

use super::S3Store;
use super::parts::{FileUpload, PART, Uploaded};
use crate::error::{code, pauses, port_error, status};
use crate::sdk::{ANSWER_TIMEOUT, CONNECT_TIMEOUT};

/// How often a write is retried that conflicts with another write of the same key.
const CONFLICT_RETRIES: usize = 5;

/// The slowest upload that is waited for, in bytes per second: the answer comes after the last byte.
const SLOWEST_UPLOAD: u64 = 1_000_000;

/// Where the bytes come from.
pub(super) enum Source<'a> {
    Memory(Bytes),
    File(&'a Path),
}

impl Source<'_> {
    async fn length(&self) -> PortResult<u64> {
        match self {
            Self::Memory(bytes) => Ok(bytes.len() as u64),
            Self::File(path) => tokio::fs::metadata(path)
                .await
                .map(|m| m.len())
                .map_err(|e| unreadable(path, &e)),
        }
    }

    async fn stream(&self) -> PortResult<ByteStream> {
        match self {
            Self::Memory(bytes) => Ok(bytes.clone().into()),
            Self::File(path) => ByteStream::from_path(path)
                .await
                .map_err(|e| unreadable(path, &e)),
        }
    }
}

pub(super) fn unreadable(path: &Path, error: &(dyn std::error::Error + 'static)) -> PortError {
    PortError::new(
        PortErrorKind::Invalid,
        format!(
            "cannot read {} for the upload: {}",
            path.display(),
            chain(error)
        ),
    )
}

impl S3Store {
    /// Writes a file as an object: in parts, unless one is enough. `resume` continues an unfinished upload.
    pub(crate) async fn write_file(
        &self,
        object: &ObjectRef,
        file: &Path,
        options: &PutOptions,
        resume: bool,
    ) -> PortResult<Uploaded> {
        let source = Source::File(file);
        if source.length().await? <= PART {
            return self.write(object, source, options).await;
        }
        let upload = FileUpload {
            client: &self.client,
            object,
            file,
            options,
            resume,
        };
        upload.run().await
    }

    /// Writes an object in one request. If another write of the key is under way, which may yet fail, the write is retried.
    pub(super) async fn write(
        &self,
        object: &ObjectRef,
        source: Source<'_>,
        options: &PutOptions,
    ) -> PortResult<Uploaded> {
        let mut pauses = pauses(50, 60_000, CONFLICT_RETRIES);
        loop {
            match self.write_once(object, &source, options).await {
                Err(error) if error.code() == Some("ConditionalRequestConflict") => {
                    match pauses.next() {
                        Some(pause) => tokio::time::sleep(pause).await,
                        None => return Err(error),
                    }
                }
                written => return written,
            }
        }
    }

    async fn write_once(
        &self,
        object: &ObjectRef,
        source: &Source<'_>,
        options: &PutOptions,
    ) -> PortResult<Uploaded> {
        let length = source.length().await?;
        let answer = self
            .put_of(object, options)
            .body(source.stream().await?)
            .customize()
            .config_override(aws_sdk_s3::config::Builder::new().timeout_config(patience(length)))
            .send()
            .await;
        let (put, version_id) = match answer {
            Ok(written) => (Put::Written, written.version_id),
            Err(error) if is_refused(options, &error) => (Put::Exists, None),
            Err(error) => return Err(port_error(object, error)),
        };
        Ok(Uploaded { put, version_id })
    }

    fn put_of(&self, object: &ObjectRef, options: &PutOptions) -> PutObjectFluentBuilder {
        self.client
            .put_object()
            .bucket(&object.bucket)
            .key(&object.key)
            .set_content_type(stated(&options.content_type))
            .set_cache_control(options.cache_control.clone())
            .set_content_encoding(options.content_encoding.clone())
            .set_if_none_match(options.create_only.then(|| "*".to_owned()))
            .set_if_match(options.replace.as_ref().map(|tag| format!("\"{tag}\"")))
            .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
    }
}

/// A header, unless it is empty.
pub(super) fn stated(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Whether the condition of the write failed. For an object to replace that no longer exists, S3 answers 404.
pub(super) fn is_refused<E: ProvideErrorMetadata>(
    options: &PutOptions,
    error: &SdkError<E, HttpResponse>,
) -> bool {
    let taken = status(error) == Some(412);
    let gone = status(error) == Some(404) && code(error) == Some("NoSuchKey");
    (options.create_only && taken) || (options.replace.is_some() && (taken || gone))
}

/// Timeouts for an upload of `length` bytes. For the SDK, the wait for the answer includes the upload.
pub(super) fn patience(length: u64) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(ANSWER_TIMEOUT + Duration::from_secs(length / SLOWEST_UPLOAD))
        .build()
}
