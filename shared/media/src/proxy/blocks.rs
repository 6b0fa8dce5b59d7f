//! Aligned blocks of the object, read once, kept for a while.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use reelsmith_core::ports::{ObjectPin, ObjectStore, PortError, PortErrorKind};

use super::ProxyOptions;

/// Blocks kept: streams that are interleaved coarsely are read in turns from a few places.
const KEPT: usize = 16;
/// Repeats of a request that the store did not answer.
const REPEATS: usize = 4;

/// Why a read failed for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Port(PortError),
    Budget(u64),
}

type Pending = Shared<BoxFuture<'static, Result<Bytes, Fault>>>;

pub(super) struct Blocks {
    pin: ObjectPin,
    options: ProxyOptions,
    source: Arc<Source>,
    kept: Mutex<VecDeque<(u64, Pending)>>,
    fault: Mutex<Option<(u64, Fault)>>,
}

/// What a request in flight needs, apart from the cache that holds the request.
struct Source {
    store: Arc<dyn ObjectStore>,
    pin: ObjectPin,
    budget: Option<u64>,
    asked: AtomicU64,
    bytes: AtomicU64,
    requests: AtomicU64,
}

impl Blocks {
    pub(super) fn new(store: Arc<dyn ObjectStore>, pin: ObjectPin, options: ProxyOptions) -> Self {
        Self {
            source: Arc::new(Source {
                store,
                pin: pin.clone(),
                budget: options.budget,
                asked: AtomicU64::new(0),
                bytes: AtomicU64::new(0),
                requests: AtomicU64::new(0),
            }),
            pin,
            options,
            kept: Mutex::new(VecDeque::new()),
            fault: Mutex::new(None),
        }
    }

    pub(super) fn size(&self) -> u64 {
        self.pin.size
    }

    pub(super) fn etag(&self) -> &str {
        &self.pin.etag
    }

    /// Bytes read from the store, and requests made of it.
    pub(super) fn counters(&self) -> (u64, u64) {
        let source = &self.source;
        let read = source.bytes.load(Ordering::Relaxed);
        (read, source.requests.load(Ordering::Relaxed))
    }

    pub(super) fn fault(&self) -> Option<Fault> {
        let fault = locked(&self.fault);
        fault.as_ref().map(|(_, fault)| fault.clone())
    }

    /// The bytes from `at` to the end of its block, at least one; asks for the following blocks meanwhile.
    pub(super) async fn read(&self, at: u64) -> Result<Bytes, Fault> {
        let block = at / self.options.block;
        let wanted = self.request(block);
        for ahead in 1..=u64::from(self.options.read_ahead) {
            let start = (block + ahead).saturating_mul(self.options.block);
            if start < self.pin.size && self.source.can_afford(self.options.block) {
                // Spawned when made, so it runs although nobody waits for it yet.
                drop(self.request(block + ahead));
            }
        }
        let result = wanted.await;
        self.note(block, result.as_ref().err());
        let bytes = result?;
        let skip = usize::try_from(at % self.options.block).unwrap_or(usize::MAX);
        Ok(bytes.slice(skip.min(bytes.len())..))
    }

    /// Remembers a failed read that somebody waited for, and forgets it once the same block could be read after all.
    ///
    /// A change is never forgotten: no repeat can mend it.
    fn note(&self, block: u64, fault: Option<&Fault>) {
        let changed = |f: &Fault| matches!(f, Fault::Port(e) if e.kind == PortErrorKind::Changed);
        let mut slot = locked(&self.fault);
        match (slot.as_ref(), fault) {
            (Some((_, known)), _) if changed(known) => {}
            (_, Some(fault)) => *slot = Some((block, fault.clone())),
            (Some((failed, _)), None) if *failed == block => *slot = None,
            (_, None) => {}
        }
    }

    /// The request of a block: one that is under way or done, or a new one.
    fn request(&self, block: u64) -> Pending {
        let mut kept = locked(&self.kept);
        let known = kept.iter().position(|(b, p)| {
            // A failed request is forgotten, so that a reconnecting reader asks again.
            *b == block && !matches!(p.peek(), Some(Err(_)))
        });
        let entry = known.and_then(|i| kept.remove(i));
        let pending = entry.map_or_else(|| self.fetch(block), |(_, pending)| pending);
        kept.retain(|(b, _)| *b != block);
        kept.push_back((block, pending.clone()));
        let surplus = kept.len().saturating_sub(KEPT);
        kept.drain(..surplus);
        pending
    }

    fn fetch(&self, block: u64) -> Pending {
        let start = block * self.options.block;
        let end = start.saturating_add(self.options.block).min(self.pin.size);
        let source = self.source.clone();
        let task = tokio::spawn(async move { source.fetch(start, end).await });
        let pending = async move {
            let done = task.await;
            done.unwrap_or_else(|e| {
                let error = PortError::new(PortErrorKind::Unavailable, e.to_string());
                Err(Fault::Port(error))
            })
        };
        pending.boxed().shared()
    }
}

impl Source {
    /// Whether the budget allows to read this much more on mere suspicion.
    fn can_afford(&self, more: u64) -> bool {
        let asked = self.asked.load(Ordering::Relaxed);
        self.budget.is_none_or(|b| asked.saturating_add(more) <= b)
    }

    async fn fetch(&self, start: u64, end: u64) -> Result<Bytes, Fault> {
        let length = end - start;
        let asked = self.asked.fetch_add(length, Ordering::Relaxed) + length;
        if let Some(budget) = self.budget.filter(|b| asked > *b) {
            return Err(Fault::Budget(budget));
        }
        let backoff = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(50))
            .with_max_delay(Duration::from_secs(2))
            .with_max_times(REPEATS)
            .with_jitter();
        let attempt = || self.attempt(start, end);
        let result = attempt
            .retry(backoff)
            .when(|e: &PortError| e.kind == PortErrorKind::Unavailable)
            .await;
        result.map_err(Fault::Port)
    }

    async fn attempt(&self, start: u64, end: u64) -> Result<Bytes, PortError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let bytes = self.store.get_range(&self.pin, start, end).await?;
        let read = bytes.len() as u64;
        self.bytes.fetch_add(read, Ordering::Relaxed);
        if read == end - start {
            return Ok(bytes);
        }
        let detail = format!(
            "{}: expected bytes [{start}, {end}), found {read} bytes",
            self.pin.object
        );
        Err(PortError::new(PortErrorKind::Unavailable, detail))
    }
}

/// The guarded values are whole after every statement, so a panic elsewhere does not spoil them.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
