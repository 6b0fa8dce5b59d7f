//! Measuring the segments of an output: each is opened and hashed once, in the bucket.
//!
//! `assemble-rendition` measures each rendition, all of them in parallel. The proof of the output uses such a measurement only
//! for an object of exactly the version that it finds, and measures everything else itself.

use bytes::Bytes;
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::digest::{Sha256Stream, sha256_hex};
use reelsmith_core::keys::{GenerationKeys, INIT};
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{ObjectStore, PortError, PortErrorKind, PortResult};
use reelsmith_core::record::RungOutput;
use reelsmith_isobmff::{Init, SegmentFacts, SegmentScan, TrackDefaults};
use serde::{Deserialize, Serialize};

use crate::records::concurrently;

/// Maximum size of an init segment.
pub const MAX_INIT: u64 = 1 << 20;
/// Maximum part of a segment in memory: a larger segment is hashed block by block.
const BLOCK: u64 = 8 << 20;
/// Concurrent reads of segments. Memory is at most this many blocks, and the facts.
const READS: usize = 32;
/// Maximum samples of a rendition whose measurements are stored: some hours. Reading back more takes longer than measuring.
const MAX_SAMPLES: u64 = 600_000;

/// What was measured of a segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentMeasurement {
    /// Its boxes, samples and faults.
    pub facts: SegmentFacts,
    /// Its SHA-256, if it was hashed.
    pub sha256: Option<String>,
}

/// `jobs/working/{job_key}/measured/{rendition}.json`: the segments of one rendition in the bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenditionMeasurements {
    /// The defaults of the init segment with which the samples were read.
    pub defaults: TrackDefaults,
    /// Every segment that could be measured, with its version.
    pub segments: Vec<(ObjectPin, SegmentMeasurement)>,
}

/// A segment in storage: one version of an object, or a part of it.
#[derive(Clone, Copy)]
pub struct StoredSegment<'a> {
    pub store: &'a dyn ObjectStore,
    pub pin: &'a ObjectPin,
    /// Byte at which the segment begins in the object.
    pub offset: u64,
    pub size: u64,
}

impl StoredSegment<'_> {
    /// Reads bytes `[start, end)` of the segment.
    ///
    /// # Errors
    /// The errors of storage; `Invalid` if the object has fewer bytes.
    pub async fn range(&self, start: u64, end: u64) -> PortResult<Bytes> {
        let invalid = |detail: String| PortError::new(PortErrorKind::Invalid, detail);
        let at = |n: u64| self.offset.checked_add(n);
        let (start, end) = at(start).zip(at(end)).ok_or_else(|| {
            let offset = self.offset;
            invalid(format!("a range at byte {offset} with an impossible end"))
        })?;
        let bytes = self.store.get_range(self.pin, start, end).await?;
        if bytes.len() as u64 == end - start {
            return Ok(bytes);
        }
        Err(invalid(format!(
            "expected bytes [{start}, {end}) of {}, found {} bytes",
            self.pin.object.key,
            bytes.len()
        )))
    }

    /// Opens the segment, and hashes it if asked to.
    pub async fn measure(
        &self,
        defaults: TrackDefaults,
        hashed: bool,
    ) -> PortResult<SegmentMeasurement> {
        if hashed && self.size <= BLOCK {
            let bytes = self.range(0, self.size).await?;
            return measure_in_memory(bytes, defaults).await;
        }
        let mut scan = SegmentScan::new(self.size, defaults);
        while let Some(need) = scan.need() {
            let bytes = self.range(need.start, need.end).await?;
            scan.feed(need.start, &bytes);
        }
        let sha256 = if hashed {
            Some(self.sha256().await?)
        } else {
            None
        };
        Ok(SegmentMeasurement {
            facts: scan.finish(),
            sha256,
        })
    }

    async fn sha256(&self) -> PortResult<String> {
        let mut hasher = Sha256Stream::default();
        let mut at = 0;
        while at < self.size {
            let end = self.size.min(at + BLOCK);
            hasher.update(&self.range(at, end).await?);
            at = end;
        }
        Ok(hasher.finish())
    }
}

/// Measures and hashes on another thread, so that reads continue.
async fn measure_in_memory(
    bytes: Bytes,
    defaults: TrackDefaults,
) -> PortResult<SegmentMeasurement> {
    let work = move || SegmentMeasurement {
        facts: SegmentScan::whole(&bytes, defaults),
        sha256: Some(sha256_hex(&bytes)),
    };
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| PortError::new(PortErrorKind::Invalid, format!("measuring ended: {e}")))
}

/// Measures every segment of a rendition and stores the measurements. Missing and broken segments are left to the proof, which
/// reports them.
///
/// # Errors
/// Storage is unavailable or denies access.
pub async fn measure_rendition(
    outputs: &Objects,
    keys: &GenerationKeys,
    output: &RungOutput,
) -> Result<(), Failure> {
    let samples: u64 = output.segments.iter().map(|s| u64::from(s.samples)).sum();
    let path = |name: &str| keys.output(&format!("{}/{name}", output.rendition));
    let init = outputs.at(&path(INIT));
    let init = usable(outputs.store().get(&init, MAX_INIT).await, &init)?.ok();
    let init = init.and_then(|bytes| Init::read(&bytes).ok());
    let Some(defaults) = init.map(|i| i.defaults).filter(|_| samples <= MAX_SAMPLES) else {
        return Ok(());
    };
    let names = output.segments.iter().map(|s| path(&s.name));
    let measuring = names.map(|key| measure_object(outputs, key, defaults.clone()));
    let found = concurrently(READS, measuring).await?;
    let measurements = RenditionMeasurements {
        defaults,
        segments: found.into_iter().flatten().collect(),
    };
    let key = keys.measurements(&output.rendition);
    outputs.write(&key, &measurements).await
}

async fn measure_object(
    outputs: &Objects,
    key: String,
    defaults: TrackDefaults,
) -> Result<Option<(ObjectPin, SegmentMeasurement)>, Failure> {
    let object = outputs.at(&key);
    let store = outputs.store().as_ref();
    let Ok(meta) = usable(store.head(&object).await, &object)? else {
        return Ok(None);
    };
    let segment = StoredSegment {
        store,
        pin: &meta.pin,
        offset: 0,
        size: meta.pin.size,
    };
    let measured = usable(segment.measure(defaults, true).await, &object)?;
    Ok(measured.ok().map(|measured| (meta.pin, measured)))
}

/// Separates a failure of storage, which fails the call, from a fault of the object, which the check reports.
pub(super) fn usable<T>(
    read: PortResult<T>,
    object: &ObjectRef,
) -> Result<Result<T, String>, Failure> {
    match read {
        Ok(read) => Ok(Ok(read)),
        Err(e) if e.kind().is_about_access() => Err(Failure::storage(&e, object)),
        Err(e) => Ok(Err(e.to_string())),
    }
}
