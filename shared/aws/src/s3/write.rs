//! Writing objects: once, whole, from memory or from a file.

use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::operation::put_object::PutObjectError;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use backon::{BackoffBuilder as _, ExponentialBuilder};
use bytes::Bytes;
use reelsmith_core::object::ObjectRef;
use reelsmith_core::ports::{PortError, PortErrorKind, PortResult, Put, PutOptions, chain};

use super::S3Store;
use crate::error::{code, port_error, status};
use crate::sdk::{ANSWER_TIMEOUT, CONNECT_TIMEOUT};

/// Writers that meet at one key are told to come again; after so many times the caller hears of it.
const CONFLICT_RETRIES: usize = 5;

/// The slowest upload that is waited for: the answer only comes after the last byte was sent.
const SLOWEST_UPLOAD: u64 = 1_000_000;

/// Where the bytes come from.
pub(super) enum Source<'a> {
    /// From memory.
    Memory(Bytes),
    /// From a file, streamed.
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

fn unreadable(path: &Path, error: &(dyn std::error::Error + 'static)) -> PortError {
    PortError::new(
        PortErrorKind::Invalid,
        format!(
            "cannot read {} to upload it: {}",
            path.display(),
            chain(error)
        ),
    )
}

/// What S3 said to a write.
enum Answer {
    Put(Put),
    /// Another write of the key is under way and may yet fail; asking again shows how it ended.
    Conflict(PortError),
}

impl S3Store {
    /// Writes an object. After an answer that was lost, a `create_only` or `replace` write that is made again finds its own object
    /// and says [`Put::Exists`]: whoever is told so reads what is there.
    pub(super) async fn write(
        &self,
        object: &ObjectRef,
        source: Source<'_>,
        options: &PutOptions,
    ) -> PortResult<Put> {
        let mut pauses = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(Duration::from_millis(50))
            .with_max_times(CONFLICT_RETRIES)
            .build();
        loop {
            match self.write_once(object, &source, options).await? {
                Answer::Put(put) => return Ok(put),
                Answer::Conflict(error) => match pauses.next() {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(error),
                },
            }
        }
    }

    async fn write_once(
        &self,
        object: &ObjectRef,
        source: &Source<'_>,
        options: &PutOptions,
    ) -> PortResult<Answer> {
        let length = source.length().await?;
        let answer = self
            .put_of(object, options)
            .body(source.stream().await?)
            .customize()
            .config_override(aws_sdk_s3::config::Builder::new().timeout_config(patience(length)))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(Answer::Put(Put::Written)),
            Err(error) if is_refused(options, &error) => Ok(Answer::Put(Put::Exists)),
            Err(error) if code(&error) == Some("ConditionalRequestConflict") => {
                Ok(Answer::Conflict(port_error("PutObject", object, error)))
            }
            Err(error) => Err(port_error("PutObject", object, error)),
        }
    }

    fn put_of(&self, object: &ObjectRef, options: &PutOptions) -> PutObjectFluentBuilder {
        let stated = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        self.client
            .put_object()
            .bucket(&object.bucket)
            .key(&object.key)
            .set_content_type(stated(&options.content_type))
            .set_cache_control(options.cache_control.clone())
            .set_content_encoding(options.content_encoding.clone())
            .set_if_none_match(options.create_only.then(|| "*".to_owned()))
            .set_if_match(options.replace.as_ref().map(|tag| format!("\"{tag}\"")))
    }
}

/// Whether the write's own condition did not hold. An object that is gone is answered with 404 where it was to be replaced.
fn is_refused(options: &PutOptions, error: &SdkError<PutObjectError, HttpResponse>) -> bool {
    let taken = status(error) == Some(412);
    let gone = status(error) == Some(404) && code(error) == Some("NoSuchKey");
    (options.create_only && taken) || (options.replace.is_some() && (taken || gone))
}

/// Time-outs for an upload of `length` bytes. The SDK counts the upload itself into the wait for the answer.
fn patience(length: u64) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(ANSWER_TIMEOUT + Duration::from_secs(length / SLOWEST_UPLOAD))
        .build()
}
