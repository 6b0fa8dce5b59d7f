//! Reads of the object in blocks: cached, repeated after passing faults, ahead of the reader, within a budget.
//!
//! The object is divided into blocks. The first read of a block starts one request to the store; every later read waits
//! for the same request or takes its cached result. Spans that are hidden are never requested: the reader sees the
//! header of a `free` box (ISO/IEC 14496-12, 8.1.2) and zeros instead, so a demuxer that walks from box to box skips
//! them.

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

use super::ProxyOptions;
use super::sparse::SparseFile;
use crate::error::MediaError;

/// Bytes of cached blocks. A reader of coarsely interleaved streams alternates between a few places, and a reader of
/// fragments returns to their headers.
const CACHE: u64 = 32 << 20;
/// Largest block outside the spans in which reading ahead is worthwhile.
const SMALL_BLOCK: u64 = 64 << 10;
/// Retries of a request that the store did not answer.
const RETRIES: usize = 4;

/// Why a read failed after all retries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ReadFailure {
    Port(PortError),
    Budget(u64),
}

impl From<ReadFailure> for MediaError {
    fn from(failure: ReadFailure) -> Self {
        match failure {
            ReadFailure::Port(error) => Self::Source(error),
            ReadFailure::Budget(budget) => Self::ReadBudget { budget },
        }
    }
}

type Pending = Shared<BoxFuture<'static, Result<Bytes, ReadFailure>>>;

pub(crate) struct Blocks {
    options: ProxyOptions,
    reader: Arc<StoreReader>,
    /// The newest last.
    cache: Mutex<VecDeque<(ByteSpan, Pending)>>,
    /// The start of the block that could not be read.
    failure: Mutex<Option<(u64, ReadFailure)>>,
}

/// Where the bytes come from.
pub(crate) enum Source {
    Store(Arc<dyn ObjectStore>),
    Sparse(SparseFile),
}

/// The part that requests in flight share.
struct StoreReader {
    source: Source,
    pin: ObjectPin,
    budget: Option<u64>,
    bytes_requested: AtomicU64,
    bytes_read: AtomicU64,
    requests: AtomicU64,
}

impl Blocks {
    pub(crate) fn new(source: Source, pin: ObjectPin, options: ProxyOptions) -> Self {
        let size = pin.size;
        Self {
            reader: Arc::new(StoreReader {
                source,
                pin,
                budget: options.budget,
                bytes_requested: AtomicU64::new(0),
                bytes_read: AtomicU64::new(0),
                requests: AtomicU64::new(0),
            }),
            options: ProxyOptions {
                reads: merged(options.reads, size, 0),
                hidden: merged(options.hidden, size, 0)
                    .into_iter()
                    .filter(|s| s.end - s.start >= FREE_HEADER)
                    .collect(),
                ..options
            },
            cache: Mutex::new(VecDeque::new()),
            failure: Mutex::new(None),
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.reader.pin.size
    }

    pub(crate) fn etag(&self) -> &str {
        &self.reader.pin.etag
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.reader.bytes_read.load(Ordering::Relaxed)
    }

    /// Requests sent to the store, including retries.
    #[cfg(test)]
    pub(super) fn requests(&self) -> u64 {
        self.reader.requests.load(Ordering::Relaxed)
    }

    pub(crate) fn failure(&self) -> Option<ReadFailure> {
        let failure = locked(&self.failure);
        failure.as_ref().map(|(_, failure)| failure.clone())
    }

    /// The bytes from `at` to the end of its block, at least one. Also requests the following blocks.
    pub(crate) async fn read(&self, at: u64) -> Result<Bytes, ReadFailure> {
        if let Some(bytes) = free_space(&self.options.hidden, at) {
            return Ok(bytes);
        }
        let (block, read_ahead) = self.block_of(at);
        let pending = self.request(block);
        if read_ahead {
            self.request_ahead(block.end);
        }
        let result = pending.await;
        self.record(block.start, result.as_ref().err());
        let bytes = result?;
        let skip = usize::try_from(at - block.start).unwrap_or(usize::MAX);
        Ok(bytes.slice(skip.min(bytes.len())..))
    }

    /// Requests the blocks from `next` on.
    fn request_ahead(&self, mut next: u64) {
        for _ in 0..self.options.read_ahead {
            if self.options.skip_gaps {
                let reads = &self.options.reads;
                let span = reads.get(reads.partition_point(|r| r.end <= next));
                next = span.map_or(next, |r| next.max(r.start));
            }
            if hidden_span(&self.options.hidden, next).is_some() {
                break;
            }
            let (block, read_ahead) = self.block_of(next);
            let length = block.end.saturating_sub(block.start);
            if !read_ahead || length == 0 || !self.reader.can_afford(length) {
                break;
            }
            // The request is a spawned task, so it runs before anything waits for it.
            drop(self.request(block));
            next = block.end;
        }
    }

    /// The block that contains `at`, and whether to read ahead from it. Blocks tile the object and never cross a bound
    /// of `reads` or of a hidden span.
    fn block_of(&self, at: u64) -> (ByteSpan, bool) {
        let reads = &self.options.reads;
        let next = reads.partition_point(|r| r.start <= at);
        let floor = next.checked_sub(1).and_then(|i| reads.get(i));
        let within = floor.filter(|r| at < r.end);
        let (origin, length) = match within {
            Some(read) => (read.start, self.options.block),
            None if reads.is_empty() => (0, self.options.block),
            None => (0, self.options.block.min(SMALL_BLOCK)),
        };
        let start = at - (at - origin) % length;
        let end = start.saturating_add(length).min(self.size());
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
        let hidden = &self.options.hidden;
        let next = hidden.partition_point(|s| s.start <= at);
        let before = next.checked_sub(1).and_then(|i| hidden.get(i));
        let span = ByteSpan {
            start: span.start.max(before.map_or(0, |s| s.end)),
            end: hidden.get(next).map_or(span.end, |s| span.end.min(s.start)),
        };
        (span, within.is_some() || reads.is_empty())
    }

    /// Records a failed read that a reader waited for, and removes the record when the same block has been read later.
    ///
    /// A changed object stays recorded, because no retry can succeed.
    fn record(&self, block: u64, failure: Option<&ReadFailure>) {
        let changed = |f: &ReadFailure| matches!(f, ReadFailure::Port(e) if e.kind() == PortErrorKind::Changed);
        let mut slot = locked(&self.failure);
        match (slot.as_ref(), failure) {
            (Some((_, known)), _) if changed(known) => {}
            (_, Some(failure)) => *slot = Some((block, failure.clone())),
            (Some((failed, _)), None) if *failed == block => *slot = None,
            (_, None) => {}
        }
    }

    /// The request for a block: a pending or completed one from the cache, or a new one.
    fn request(&self, block: ByteSpan) -> Pending {
        let mut cache = locked(&self.cache);
        let known = cache.iter().position(|(span, p)| {
            // A failed request is not reused, so that a reader that reconnects tries again.
            span.start == block.start && !matches!(p.peek(), Some(Err(_)))
        });
        let entry = known.and_then(|i| cache.remove(i));
        let pending = entry.map_or_else(|| self.fetch(block), |(_, pending)| pending);
        cache.retain(|(span, _)| span.start != block.start);
        cache.push_back((block, pending.clone()));
        let mut bytes = 0;
        let newest = cache.iter().rev().take_while(|(span, _)| {
            bytes += span.end - span.start;
            bytes <= CACHE
        });
        // The requested block is kept even if it alone exceeds the size of the cache.
        let surplus = cache.len() - newest.count().max(1);
        cache.drain(..surplus);
        pending
    }

    fn fetch(&self, block: ByteSpan) -> Pending {
        let reader = self.reader.clone();
        let task = tokio::spawn(async move { reader.fetch(block.start, block.end).await });
        let pending = async move {
            task.await.unwrap_or_else(|e| {
                let error = PortError::new(PortErrorKind::Unavailable, e.to_string());
                Err(ReadFailure::Port(error))
            })
        };
        pending.boxed().shared()
    }
}

impl StoreReader {
    /// Whether the budget allows reading this much ahead.
    fn can_afford(&self, more: u64) -> bool {
        let requested = self.bytes_requested.load(Ordering::Relaxed);
        self.budget
            .is_none_or(|b| requested.saturating_add(more) <= b)
    }

    async fn fetch(&self, start: u64, end: u64) -> Result<Bytes, ReadFailure> {
        let length = end - start;
        let requested = self.bytes_requested.fetch_add(length, Ordering::Relaxed) + length;
        if let Some(budget) = self.budget.filter(|b| requested > *b) {
            return Err(ReadFailure::Budget(budget));
        }
        let backoff = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(50))
            .with_max_delay(Duration::from_secs(2))
            .with_max_times(RETRIES)
            .with_jitter();
        let attempt = || self.attempt(start, end);
        let result = attempt
            .retry(backoff)
            .when(|e: &PortError| e.kind() == PortErrorKind::Unavailable)
            .await;
        result.map_err(ReadFailure::Port)
    }

    async fn attempt(&self, start: u64, end: u64) -> Result<Bytes, PortError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let bytes = match &self.source {
            Source::Store(store) => store.get_range(&self.pin, start, end).await?,
            Source::Sparse(file) => file.range(start, end),
        };
        let read = bytes.len() as u64;
        self.bytes_read.fetch_add(read, Ordering::Relaxed);
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

/// Size of a box header with a 64-bit size.
const FREE_HEADER: u64 = 16;
/// Zeros of one answer.
static ZEROS: [u8; 32 << 10] = [0; 32 << 10];

/// The hidden span that contains `at`.
fn hidden_span(hidden: &[ByteSpan], at: u64) -> Option<ByteSpan> {
    let next = hidden.partition_point(|s| s.start <= at);
    let span = hidden.get(next.checked_sub(1)?)?;
    Some(*span).filter(|s| at < s.end)
}

/// At least one byte of the `free` box that covers `at`; `None` if `at` is not hidden.
fn free_space(hidden: &[ByteSpan], at: u64) -> Option<Bytes> {
    let span = hidden_span(hidden, at)?;
    let offset = at - span.start;
    if offset < FREE_HEADER {
        let size = (span.end - span.start).to_be_bytes();
        let header = [&1u32.to_be_bytes()[..], b"free", &size].concat();
        let skip = usize::try_from(offset).unwrap_or(usize::MAX);
        return Some(Bytes::from(header).slice(skip..));
    }
    let left = usize::try_from(span.end - at).unwrap_or(usize::MAX);
    let zeros = ZEROS.get(..left.min(ZEROS.len())).unwrap_or_default();
    Some(Bytes::from_static(zeros))
}

/// Sorts spans, clamps them to an object of `size` bytes, and joins those with at most `gap` bytes between them.
pub(crate) fn merged(mut spans: Vec<ByteSpan>, size: u64, gap: u64) -> Vec<ByteSpan> {
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

/// Locks a mutex whose value is consistent after every statement, so that poisoning can be ignored.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
