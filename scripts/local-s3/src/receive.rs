//! Receiving the body of a request into a file, with its checksums.

use std::io::Write as _;

use base64::Engine as _;
use bytes::Bytes;
use futures::StreamExt as _;
use hyper::HeaderMap;
use md5::{Digest as _, Md5};
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Crc32, Crc32c, Sha1, Sha256};
use s3s::dto::{Checksum, StreamingBlob};
use s3s::{S3Request, S3Result, TrailingHeaders, s3_error};
use tokio::sync::mpsc;

use crate::files::{Content, Folder};

/// How many pieces of the body may wait for the disk.
const AHEAD: usize = 8;

/// A body that arrived complete.
pub(crate) struct Received {
    pub(crate) content: Content,
    pub(crate) md5: [u8; 16],
    pub(crate) crc64: u64,
    /// The checksums that the client stated, which match.
    pub(crate) verified: Checksum,
}

/// The headers in which a client states checksums: in the head of the request or after its body.
#[derive(Default)]
pub(crate) struct Stated {
    head: HeaderMap,
    trailer: Option<TrailingHeaders>,
}

impl Stated {
    pub(crate) fn of<T>(request: &mut S3Request<T>) -> Self {
        Self {
            head: std::mem::take(&mut request.headers),
            trailer: request.trailing_headers.take(),
        }
    }

    /// A hasher of the algorithms that are stated or announced.
    fn hasher(&self) -> ChecksumHasher {
        let announced = self.head.get_all("x-amz-trailer").iter();
        let announced: Vec<&str> = announced.filter_map(|value| value.to_str().ok()).collect();
        let wanted = |name: &str| {
            let header = format!("x-amz-checksum-{name}");
            self.head.contains_key(&header)
                || announced
                    .iter()
                    .any(|value| value.split(',').any(|v| v.trim() == header))
        };
        ChecksumHasher {
            crc32: wanted("crc32").then(Crc32::default),
            crc32c: wanted("crc32c").then(Crc32c::default),
            sha1: wanted("sha1").then(Sha1::default),
            sha256: wanted("sha256").then(Sha256::default),
            crc64nvme: None,
        }
    }

    fn checksum(&self, name: &str) -> Option<String> {
        let header = format!("x-amz-checksum-{name}");
        let text = |headers: &HeaderMap| Some(headers.get(&header)?.to_str().ok()?.to_owned());
        let after = || {
            self.trailer
                .as_ref()?
                .read(|headers| text(headers))
                .flatten()
        };
        text(&self.head).or_else(after)
    }

    /// Compares all stated checksums; returns them.
    fn verify(&self, found: &Checksum, md5: [u8; 16], crc64: u64) -> S3Result<Checksum> {
        let compared = |name: &str, found: Option<&str>| match self.checksum(name) {
            Some(stated) if Some(stated.as_str()) != found => Err(s3_error!(
                BadDigest,
                "expected {name} {stated}, found {}",
                found.unwrap_or("none")
            )),
            stated => Ok(stated),
        };
        if let Some(stated) = self.head.get("content-md5")
            && stated.as_bytes() != base64(&md5).as_bytes()
        {
            return Err(s3_error!(BadDigest, "the body does not match Content-MD5"));
        }
        Ok(Checksum {
            checksum_crc32: compared("crc32", found.checksum_crc32.as_deref())?,
            checksum_crc32c: compared("crc32c", found.checksum_crc32c.as_deref())?,
            checksum_sha1: compared("sha1", found.checksum_sha1.as_deref())?,
            checksum_sha256: compared("sha256", found.checksum_sha256.as_deref())?,
            checksum_crc64nvme: compared("crc64nvme", Some(&crc64_text(crc64)))?,
            checksum_type: None,
        })
    }
}

/// Receives a body. An incomplete one leaves no file.
pub(crate) async fn receive(
    folder: &Folder,
    body: Option<StreamingBlob>,
    stated: &Stated,
) -> S3Result<Received> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let file = folder.new_file();
    let sums = Sums {
        md5: Md5::new(),
        crc64: crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64Nvme),
        stated: stated.hasher(),
        length: 0,
    };
    let writer =
        tokio::task::spawn_blocking(move || sums.write(&file.path, receiver).map(|s| (file, s)));
    if let Some(mut body) = body {
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|e| s3_error!(IncompleteBody, "{e}"))?;
            if sender.send(piece).await.is_err() {
                // The writer failed; its error is below.
                break;
            }
        }
    }
    drop(sender);
    let (file, sums) = writer
        .await
        .map_err(|e| s3_error!(e, InternalError))?
        .map_err(|e| s3_error!(InternalError, "cannot write the object: {e}"))?;
    let (md5, crc64) = (sums.md5.finalize().into(), sums.crc64.finalize());
    let verified = stated.verify(&sums.stated.finalize(), md5, crc64)?;
    Ok(Received {
        content: Content::of_file(file, sums.length),
        md5,
        crc64,
        verified,
    })
}

struct Sums {
    md5: Md5,
    crc64: crc_fast::Digest,
    stated: ChecksumHasher,
    length: u64,
}

impl Sums {
    fn write(
        mut self,
        path: &std::path::Path,
        mut pieces: mpsc::Receiver<Bytes>,
    ) -> std::io::Result<Self> {
        let mut file = std::fs::File::create_new(path)?;
        while let Some(piece) = pieces.blocking_recv() {
            self.md5.update(&piece);
            self.crc64.update(&piece);
            self.stated.update(&piece);
            self.length += piece.len() as u64;
            file.write_all(&piece)?;
        }
        Ok(self)
    }
}

/// CRC64NVME as S3 writes it: base64 of the eight bytes, the most significant first.
pub(crate) fn crc64_text(crc: u64) -> String {
    base64(&crc.to_be_bytes())
}

fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
