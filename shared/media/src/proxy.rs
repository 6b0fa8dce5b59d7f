//! The range proxy: serves one pinned object version over the loopback to ffmpeg and ffprobe.
//!
//! ffmpeg must read a mezzanine from object storage without knowing credentials, TLS or retries, and must never read a
//! version other than the validated one. So every task starts a [`RangeProxy`] on a free port of 127.0.0.1 and gives
//! ffmpeg its address, which contains 128 random bits:
//!
//! ```text
//! ffmpeg -i http://127.0.0.1:40123/5f0c…/mezzanine …
//!        │ GET, Range: bytes=0-            ▲ 206, in pieces of 32 KiB
//!        ▼                                 │
//! serve (HTTP/1.1) ── read(at) ──▶ blocks (cache, read-ahead, retries, budget) ── get_range(pin) ──▶ object store
//! ```
//!
//! Invariants:
//! - Every read of the store names the pinned version. If it is gone, the task fails as `MezzanineChanged`.
//! - A decoder that loses its input may still exit with success. So the caller passes the result of the task through
//!   [`RangeProxy::check`], which reports the failed read instead.
//! - All bytes read are counted ([`RangeProxy::bytes_read`]) and can be limited ([`ProxyOptions::budget`]).
//!
//! [`ProxyOptions`] describes how a task reads: `reads` are the spans in which reading ahead is worthwhile (a plan's
//! [`reads`](reelsmith_core::plan::Plan::reads)), and `hidden` are spans that the task does not need, which are shown as
//! free space and never read.

mod blocks;
mod serve;
mod sparse;

pub use serve::{RequestedRange, parse_range};

use std::net::SocketAddr;
use std::sync::Arc;

use reelsmith_core::object::ObjectPin;
use reelsmith_core::ports::ObjectStore;
use reelsmith_core::probe::ByteSpan;
use tokio::task::JoinHandle;

use crate::command::LOOPBACK;
use crate::error::MediaError;
pub(crate) use blocks::{Blocks, ReadFailure, Source, merged};
pub(crate) use sparse::SparseFile;

/// How a proxy reads from the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyOptions {
    /// Limit of the bytes to request from the store.
    pub budget: Option<u64>,
    /// Bytes of one request to the store.
    pub block: u64,
    /// Blocks requested ahead of the one being sent.
    pub read_ahead: u32,
    /// The spans in which to read ahead; empty means everywhere. Outside them blocks are at most 64 KiB.
    pub reads: Vec<ByteSpan>,
    /// Whether reading ahead skips the gaps between `reads`.
    pub skip_gaps: bool,
    /// Spans that are shown as `free` boxes (ISO/IEC 14496-12, 8.1.2) and never read.
    pub hidden: Vec<ByteSpan>,
}

impl Default for ProxyOptions {
    /// Blocks of 1 MiB, one ahead.
    fn default() -> Self {
        Self {
            budget: None,
            block: 1 << 20,
            read_ahead: 1,
            reads: Vec::new(),
            skip_gaps: false,
            hidden: Vec::new(),
        }
    }
}

/// Serves one object version at an address that cannot be guessed, until it is dropped.
pub struct RangeProxy {
    address: SocketAddr,
    path: Arc<str>,
    blocks: Arc<Blocks>,
    server: JoinHandle<()>,
}

impl RangeProxy {
    /// Starts serving `pin` on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// [`MediaError::Io`] if no port is available; [`MediaError::Plan`] if `options.block` is 0.
    pub async fn start(
        store: Arc<dyn ObjectStore>,
        pin: ObjectPin,
        options: ProxyOptions,
    ) -> Result<Self, MediaError> {
        Self::start_with(Source::Store(store), pin, options).await
    }

    /// As [`RangeProxy::start`], for any source.
    pub(crate) async fn start_with(
        source: Source,
        pin: ObjectPin,
        options: ProxyOptions,
    ) -> Result<Self, MediaError> {
        if options.block == 0 {
            return Err(MediaError::plan("proxy blocks of at least one byte", "0"));
        }
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .map_err(MediaError::io("listening on 127.0.0.1"))?;
        let address = listener
            .local_addr()
            .map_err(MediaError::io("reading the address of the listener"))?;
        let path: Arc<str> = format!("/{}/mezzanine", token()?).into();
        let blocks = Arc::new(Blocks::new(source, pin, options));
        let server = serve::Server {
            path: path.clone(),
            blocks: blocks.clone(),
        };
        let server = tokio::spawn(server.accept(listener));
        Ok(Self {
            address,
            path,
            blocks,
            server,
        })
    }

    /// The address for ffmpeg, for example `http://127.0.0.1:40123/5f…/mezzanine`.
    pub fn url(&self) -> String {
        format!("{LOOPBACK}{}{}", self.address.port(), self.path)
    }

    /// Bytes read from the store so far.
    pub fn bytes_read(&self) -> u64 {
        self.blocks.bytes_read()
    }

    /// Replaces the result of a task that read through this proxy by the failed read, if there was one.
    ///
    /// A decoder that loses its input reports "invalid data", or succeeds with less output than it should make. So a
    /// failed read decides, whatever the task itself reports.
    ///
    /// # Errors
    /// The reason why the source could not be read; otherwise the task's own error.
    pub fn check<T>(&self, result: Result<T, MediaError>) -> Result<T, MediaError> {
        match self.blocks.failure() {
            Some(failure) => Err(failure.into()),
            None => result,
        }
    }
}

impl Drop for RangeProxy {
    fn drop(&mut self) {
        // The server owns its connections, so they end too.
        self.server.abort();
    }
}

/// 128 random bits in hexadecimal, so that other processes on the machine cannot guess the address.
fn token() -> Result<String, MediaError> {
    let mut bytes = [0u8; 16];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(MediaError::io("obtaining random bytes"))?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

#[cfg(test)]
mod tests;
