//! Measuring the segments of an output: each is opened, and hashed, once, where it lies.
//!
//! Each rendition is measured when it is assembled, all of them side by side. Proving the output takes such a measurement for
//! an object of the very version that it finds, and measures everything else itself.

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::digest::{Sha256Stream, sha256_hex};
use reelsmith_core::keys::{GenerationKeys, INIT};
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{ObjectStore, PortError, PortErrorKind};
use reelsmith_core::record::RungOutput;
use reelsmith_isobmff::{Init, SegmentFacts, SegmentScan, TrackDefaults};
use serde::{Deserialize, Serialize};

/// Greatest init segment.
pub const MAX_INIT: u64 = 1 << 20;
/// Greatest part of a segment that is held in memory: a larger segment is hashed piece by piece.
const PIECE: u64 = 8 << 20;
/// Segments read at once. Memory is at most this many pieces, and the facts.
const READS: usize = 32;
/// Most samples of a rendition whose measurements are kept: some hours. Those of a longer one would be read back slower than
/// they are made.
const MOST_SAMPLES: u64 = 600_000;

/// What was found in a segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// Its boxes, samples and faults.
    pub facts: SegmentFacts,
    /// Its checksum, where it was asked for.
    pub sha256: Option<String>,
}

/// `jobs/working/{job_key}/measured/{rendition}.json`: the segments of one rendition as they lie in the bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measurements {
    /// What the rendition's init segment says, by which samples were read.
    pub defaults: TrackDefaults,
    /// Every segment that could be measured, with the version that was.
    pub segments: Vec<(ObjectPin, Measured)>,
}

/// A segment where it lies: an object of one version, or a part of it.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Where the object is.
    pub store: &'a dyn ObjectStore,
    /// Which version.
    pub pin: &'a ObjectPin,
    /// Where the segment begins in it.
    pub offset: u64,
    /// Its size.
    pub size: u64,
}

impl Place<'_> {
    /// Bytes `[start, end)` of the segment.
    ///
    /// # Errors
    /// Those of storage; `Invalid` where there are fewer bytes than that.
    pub async fn range(&self, start: u64, end: u64) -> Result<Bytes, PortError> {
        let invalid = |detail: String| PortError::new(PortErrorKind::Invalid, detail);
        let at = |n: u64| self.offset.checked_add(n);
        let bounds = at(start).zip(at(end));
        let (start, end) = bounds.ok_or_else(|| {
            let offset = self.offset;
            invalid(format!("a range at byte {offset} that ends nowhere"))
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

    /// Opens the segment, and hashes it where asked to.
    ///
    /// # Errors
    /// As [`Place::range`].
    pub async fn measure(
        &self,
        defaults: TrackDefaults,
        hashed: bool,
    ) -> Result<Measured, PortError> {
        if hashed && self.size <= PIECE {
            let bytes = self.range(0, self.size).await?;
            return measured_apart(bytes, defaults).await;
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
        Ok(Measured {
            facts: scan.finish(),
            sha256,
        })
    }

    /// The checksum of a large segment, read piece by piece.
    async fn sha256(&self) -> Result<String, PortError> {
        let mut hasher = Sha256Stream::default();
        let mut at = 0;
        while at < self.size {
            let end = self.size.min(at + PIECE);
            hasher.update(&self.range(at, end).await?);
            at = end;
        }
        Ok(hasher.finish())
    }
}

/// Hashes and measures on a thread of its own: reads go on meanwhile.
async fn measured_apart(bytes: Bytes, defaults: TrackDefaults) -> Result<Measured, PortError> {
    let work = move || Measured {
        facts: SegmentScan::whole(&bytes, defaults),
        sha256: Some(sha256_hex(&bytes)),
    };
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| PortError::new(PortErrorKind::Invalid, format!("measuring ended: {e}")))
}

/// Measures every segment of a rendition and keeps what was found. What is missing or broken is left for the proof to tell.
///
/// # Errors
/// Those of storage that may pass.
pub async fn rendition(
    outputs: &Objects,
    keys: &GenerationKeys,
    output: &RungOutput,
) -> Result<(), Failure> {
    let samples: u64 = output.segments.iter().map(|s| u64::from(s.samples)).sum();
    let path = |name: &str| keys.output(&format!("{}/{name}", output.rendition));
    let init = outputs.at(&path(INIT));
    let init = settled(outputs.store().get(&init, MAX_INIT).await, &init)?;
    let init = init.and_then(|bytes| Init::read(&bytes).ok());
    let Some(defaults) = init.map(|i| i.defaults).filter(|_| samples <= MOST_SAMPLES) else {
        return Ok(());
    };
    let names = output.segments.iter().map(|s| path(&s.name));
    let measuring = names.map(|key| one(outputs, key, defaults));
    let measuring: Vec<_> = measuring.collect();
    let found: Vec<_> = futures::stream::iter(measuring)
        .buffered(READS)
        .try_collect()
        .await?;
    let measurements = Measurements {
        defaults,
        segments: found.into_iter().flatten().collect(),
    };
    let key = keys.measurements(&output.rendition);
    outputs.write(&key, &measurements).await
}

async fn one(
    outputs: &Objects,
    key: String,
    defaults: TrackDefaults,
) -> Result<Option<(ObjectPin, Measured)>, Failure> {
    let object = outputs.at(&key);
    let store = outputs.store().as_ref();
    let Some(pin) = settled(store.head(&object).await, &object)?.map(|meta| meta.pin) else {
        return Ok(None);
    };
    let place = Place {
        store,
        pin: &pin,
        offset: 0,
        size: pin.size,
    };
    let measured = settled(place.measure(defaults, true).await, &object)?;
    Ok(measured.map(|measured| (pin, measured)))
}

/// Tells a storage that fails from an object that is bad.
fn settled<T>(read: Result<T, PortError>, object: &ObjectRef) -> Result<Option<T>, Failure> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(e) if e.kind().is_about_access() => Err(Failure::storage(&e, object)),
        Err(_) => Ok(None),
    }
}
