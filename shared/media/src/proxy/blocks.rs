//! Blocks of the object, read once, kept for a while.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use reelsmith_core::object::ObjectPin;
use reelsmith_core::ports::{ObjectStore, PortError, PortErrorKind};
use reelsmith_core::probe::ByteSpan;

use super::{ProxyOptions, free};
use crate::error::MediaError;

/// Bytes of the blocks that are kept: streams that are interleaved coarsely are read in turns from a few places, and headers of
/// fragments before their media.
const KEPT: u64 = 32 << 20;
/// Largest block where reading ahead is not worth it.
const ASIDE: u64 = 64 << 10;
/// Repeats of a request that the store did not answer.
const REPEATS: usize = 4;

/// Why a read failed for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Port(PortError),
    Budget(u64),
}

impl From<Fault> for MediaError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Port(error) => Self::Source(error),
            Fault::Budget(budget) => Self::ReadBudget { budget },
        }
    }
}

type Pending = Shared<BoxFuture<'static, Result<Bytes, Fault>>>;

pub(crate) struct Blocks {
    pin: ObjectPin,
    options: ProxyOptions,
    source: Arc<Source>,
    kept: Mutex<VecDeque<(ByteSpan, Pending)>>,
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
    pub(crate) fn new(store: Arc<dyn ObjectStore>, pin: ObjectPin, options: ProxyOptions) -> Self {
        let size = pin.size;
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
            options: ProxyOptions {
                reads: apart(options.reads, size, 0),
                hidden: free::fit(apart(options.hidden, size, 0)),
                ..options
            },
            kept: Mutex::new(VecDeque::new()),
            fault: Mutex::new(None),
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.pin.size
    }

    pub(crate) fn etag(&self) -> &str {
        &self.pin.etag
    }

    /// Bytes read from the store, and requests made of it.
    pub(crate) fn counters(&self) -> (u64, u64) {
        let source = &self.source;
        let read = source.bytes.load(Ordering::Relaxed);
        (read, source.requests.load(Ordering::Relaxed))
    }

    pub(crate) fn fault(&self) -> Option<Fault> {
        let fault = locked(&self.fault);
        fault.as_ref().map(|(_, fault)| fault.clone())
    }

    /// The bytes from `at` to the end of its block, at least one; asks for the following blocks meanwhile.
    pub(crate) async fn read(&self, at: u64) -> Result<Bytes, Fault> {
        if let Some(bytes) = free::bytes(&self.options.hidden, at) {
            return Ok(bytes);
        }
        let (block, steady) = self.block_of(at);
        let wanted = self.request(block);
        if steady {
            self.request_ahead(block.end);
        }
        let result = wanted.await;
        self.note(block.start, result.as_ref().err());
        let bytes = result?;
        let skip = usize::try_from(at - block.start).unwrap_or(usize::MAX);
        Ok(bytes.slice(skip.min(bytes.len())..))
    }

    /// Asks for the blocks from `next` on that are worth it.
    fn request_ahead(&self, mut next: u64) {
        for _ in 0..self.options.read_ahead {
            if self.options.leaps {
                next = self.leap(next);
            }
            if free::holds(&self.options.hidden, next) {
                break;
            }
            let (ahead, goes_on) = self.block_of(next);
            let length = ahead.end.saturating_sub(ahead.start);
            if !goes_on || length == 0 || !self.source.can_afford(length) {
                break;
            }
            // Spawned when made, so it runs although nobody waits for it yet.
            drop(self.request(ahead));
            next = ahead.end;
        }
    }

    /// `at`, or the start of the next span that is worth it where `at` is within none.
    fn leap(&self, at: u64) -> u64 {
        let reads = &self.options.reads;
        let next = reads.partition_point(|r| r.end <= at);
        reads.get(next).map_or(at, |r| at.max(r.start))
    }

    /// The block that holds `at`, and whether reading ahead is worth it there. Blocks tile the object and never reach over
    /// the ends of the spans that are worth it.
    fn block_of(&self, at: u64) -> (ByteSpan, bool) {
        let reads = &self.options.reads;
        let next = reads.partition_point(|r| r.start <= at);
        let floor = next.checked_sub(1).and_then(|i| reads.get(i));
        let within = floor.filter(|r| at < r.end);
        let (origin, length) = match within {
            Some(read) => (read.start, self.options.block),
            None if reads.is_empty() => (0, self.options.block),
            None => (0, self.options.block.min(ASIDE)),
        };
        let start = at - (at - origin) % length;
        let end = start.saturating_add(length).min(self.pin.size);
        let span = match within {
            Some(read) => ByteSpan {
                start,
                end: end.min(read.end),
            },
            None => ByteSpan {
                start: start.max(floor.map_or(0, |r| r.end)),
                end: reads.get(next).map_or(end, |r| end.min(r.start)),
            },
        };
        let span = free::apart_from(&self.options.hidden, at, span);
        (span, within.is_some() || reads.is_empty())
    }

    /// Remembers a failed read that somebody waited for, and forgets it once the same block could be read after all.
    ///
    /// A change is never forgotten: no repeat can mend it.
    fn note(&self, block: u64, fault: Option<&Fault>) {
        let changed = |f: &Fault| matches!(f, Fault::Port(e) if e.kind() == PortErrorKind::Changed);
        let mut slot = locked(&self.fault);
        match (slot.as_ref(), fault) {
            (Some((_, known)), _) if changed(known) => {}
            (_, Some(fault)) => *slot = Some((block, fault.clone())),
            (Some((failed, _)), None) if *failed == block => *slot = None,
            (_, None) => {}
        }
    }

    /// The request of a block: one that is under way or done, or a new one.
    fn request(&self, block: ByteSpan) -> Pending {
        let mut kept = locked(&self.kept);
        let known = kept.iter().position(|(span, p)| {
            // A failed request is forgotten, so that a reconnecting reader asks again.
            span.start == block.start && !matches!(p.peek(), Some(Err(_)))
        });
        let entry = known.and_then(|i| kept.remove(i));
        let pending = entry.map_or_else(|| self.fetch(block), |(_, pending)| pending);
        kept.retain(|(span, _)| span.start != block.start);
        kept.push_back((block, pending.clone()));
        let mut bytes = 0;
        let newest = kept.iter().rev().take_while(|(span, _)| {
            bytes += span.end - span.start;
            bytes <= KEPT
        });
        // The one that was asked for is kept, however large.
        let surplus = kept.len() - newest.count().max(1);
        kept.drain(..surplus);
        pending
    }

    fn fetch(&self, block: ByteSpan) -> Pending {
        let source = self.source.clone();
        let task = tokio::spawn(async move { source.fetch(block.start, block.end).await });
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
            .when(|e: &PortError| e.kind() == PortErrorKind::Unavailable)
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

/// Spans in order, within an object of `size` bytes, joined where no more than `gap` lies between them.
pub(crate) fn apart(mut spans: Vec<ByteSpan>, size: u64, gap: u64) -> Vec<ByteSpan> {
    spans.iter_mut().for_each(|s| s.end = s.end.min(size));
    spans.retain(|s| s.start < s.end);
    spans.sort_unstable_by_key(|s| s.start);
    spans.dedup_by(|next, span| {
        let touch = next.start <= span.end.saturating_add(gap);
        if touch {
            span.end = span.end.max(next.end);
        }
        touch
    });
    spans
}

/// The guarded values are whole after every statement, so a panic elsewhere does not spoil them.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
