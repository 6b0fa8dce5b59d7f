//! What the object port of core does not offer, because only an operator needs it.

use std::path::Path;

use aws_sdk_s3::primitives::ByteStream;
use tokio::io::AsyncWriteExt;

use crate::provision::{Cloud, CloudResult, Doing};

/// An object that was downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// Bytes on disk, as they are stored.
    pub size: u64,
    /// `Content-Encoding`, which has not been undone.
    pub content_encoding: Option<String>,
}

impl Cloud {
    /// Uploads a file; the version id where the bucket is versioned.
    pub async fn upload(
        &self,
        bucket: &str,
        key: &str,
        file: &Path,
    ) -> CloudResult<Option<String>> {
        let action = format!("upload {} to s3://{bucket}/{key}", file.display());
        let body = ByteStream::from_path(file).await.doing(action.as_str())?;
        let put = self
            .s3
            .put_object()
            .bucket(bucket)
            .key(key)
            .body(body)
            .send()
            .await
            .doing(action)?;
        Ok(put.version_id)
    }

    /// Downloads an object to a file, piece by piece.
    pub async fn download(&self, bucket: &str, key: &str, file: &Path) -> CloudResult<Downloaded> {
        let action = format!("download s3://{bucket}/{key} to {}", file.display());
        let object = self.s3.get_object().bucket(bucket).key(key).send().await;
        let object = object.doing(action.as_str())?;
        let content_encoding = object.content_encoding;
        let mut body = object.body;
        let created = tokio::fs::File::create(file).await;
        let mut out = tokio::io::BufWriter::new(created.doing(action.as_str())?);
        let mut size = 0;
        while let Some(bytes) = body.next().await {
            let bytes = bytes.doing(action.as_str())?;
            size += bytes.len() as u64;
            out.write_all(&bytes).await.doing(action.as_str())?;
        }
        out.flush().await.doing(action)?;
        Ok(Downloaded {
            size,
            content_encoding,
        })
    }
}
