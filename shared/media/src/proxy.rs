//! The range proxy: one pinned object version, served over the loopback to the child processes.
//!
//! It stands between ffmpeg and object storage so that the children need neither credentials nor TLS nor retries, every
//! read demands the version that was validated, and what was read is counted.

mod blocks;
mod free;
mod serve;

pub use serve::{Asked as AskedRange, asked as asked_range};

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reelsmith_core::object::ObjectPin;
use reelsmith_core::ports::ObjectStore;
use reelsmith_core::probe::ByteSpan;
use tokio::task::JoinHandle;

use crate::command::LOOPBACK;
use crate::error::MediaError;
pub(crate) use blocks::{Blocks, Fault, apart};

/// How a proxy reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyOptions {
    /// Most bytes to read from the store; unbounded where absent.
    pub budget: Option<u64>,
    /// Bytes of one request to the store.
    pub block: u64,
    /// Blocks requested ahead of the one being sent.
    pub read_ahead: u32,
    /// Where reading ahead is worth it; everywhere where empty. Outside of these spans blocks are at most 64 KiB, and only
    /// what is asked for is read.
    pub reads: Vec<ByteSpan>,
    /// Whether reading ahead goes on at the next of `reads`, past what lies between.
    pub leaps: bool,
    /// What is shown as free space and never read: for each span the header of a `free` box of its size (ISO/IEC 14496-12, 8.1.2)
    /// and zeros. A demuxer that walks from box to box passes over it.
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
            leaps: false,
            hidden: Vec::new(),
        }
    }
}

/// What a proxy has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProxyStats {
    /// Bytes read from the store.
    pub bytes_read: u64,
    /// Requests made of the store, repeats included.
    pub store_requests: u64,
    /// Requests answered on the loopback.
    pub requests: u64,
}

/// Serves one object version under an address that cannot be guessed, until it is dropped.
pub struct RangeProxy {
    address: SocketAddr,
    path: Arc<str>,
    blocks: Arc<Blocks>,
    served: Arc<AtomicU64>,
    server: JoinHandle<()>,
}

impl RangeProxy {
    /// Starts serving `pin` on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// [`MediaError::Io`] where no port can be had; [`MediaError::Plan`] for a block of no bytes.
    pub async fn start(
        store: Arc<dyn ObjectStore>,
        pin: ObjectPin,
        options: ProxyOptions,
    ) -> Result<Self, MediaError> {
        if options.block == 0 {
            return Err(MediaError::Plan {
                expected: "proxy blocks of at least one byte".into(),
                found: "0".into(),
            });
        }
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .map_err(MediaError::io("listening on 127.0.0.1"))?;
        let address = listener
            .local_addr()
            .map_err(MediaError::io("reading the address of the listener"))?;
        let path: Arc<str> = format!("/{}/mezzanine", token()?).into();
        let blocks = Arc::new(Blocks::new(store, pin, options));
        let served = Arc::new(AtomicU64::new(0));
        let server = serve::Server {
            path: path.clone(),
            blocks: blocks.clone(),
            served: served.clone(),
        };
        let server = tokio::spawn(server.accept(listener));
        Ok(Self {
            address,
            path,
            blocks,
            served,
            server,
        })
    }

    /// The address to open, for example `http://127.0.0.1:40123/5f…/mezzanine`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{LOOPBACK}{}{}", self.address.port(), self.path)
    }

    /// What has been read so far.
    #[must_use]
    pub fn stats(&self) -> ProxyStats {
        let (bytes_read, store_requests) = self.blocks.counters();
        ProxyStats {
            bytes_read,
            store_requests,
            requests: self.served.load(Ordering::Relaxed),
        }
    }

    /// Gives the result of a task that read through this proxy its true reason.
    ///
    /// A decoder that loses its input midway says "invalid data", or nothing at all and makes less than it should. So a
    /// read that failed for good is the task's failure, whatever the task itself made of it.
    ///
    /// # Errors
    /// The reason why the source could not be read, or else the task's own error.
    pub fn check<T>(&self, result: Result<T, MediaError>) -> Result<T, MediaError> {
        match self.blocks.fault() {
            Some(fault) => Err(fault.into()),
            None => result,
        }
    }
}

impl Drop for RangeProxy {
    fn drop(&mut self) {
        // The server owns its connections, so they end with it.
        self.server.abort();
    }
}

/// 128 random bits in hexadecimal: other processes of the machine cannot guess the address.
fn token() -> Result<String, MediaError> {
    let mut bytes = [0u8; 16];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(MediaError::io("obtaining random bytes"))?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

#[cfg(test)]
mod tests;
