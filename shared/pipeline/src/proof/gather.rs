//! Reading everything that the conformance rules need to know about an output, concurrently and with bounded memory.

use std::collections::BTreeMap;
use std::io::Read as _;

use bytes::Bytes;
use flate2::read::GzDecoder;
use futures::StreamExt as _;
use reelsmith_conformance::{Delivery, Expectation, MAX_INDEX, Object, Part, Wanted};
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::keys::GenerationKeys;
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{ListedObject, ObjectMeta, PortError, PortErrorKind, PortResult};
use reelsmith_isobmff::{BoxHeader, TrackDefaults};

use super::measure::{MAX_INIT, RenditionMeasurements, SegmentMeasurement, StoredSegment, usable};

/// Maximum size of a text, unpacked: far more than a day of segments needs.
const MAX_TEXT: u64 = 32 << 20;
/// Maximum size of an MPEG-TS segment, which is read as a whole.
const MAX_STREAM: u64 = 64 << 20;
/// Rounds of reading: texts name texts, which name init segments, with which segments can be measured.
const ROUNDS: u32 = 16;

/// How much a check may read. Every segment is opened and measured; the budget limits how many are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadBudget {
    /// Concurrent reads. Memory is at most this many blocks of 8 MiB, and the facts.
    pub reads: usize,
    /// Approximate number of bytes that are read for checksums. In a larger output every second, third, … segment is hashed.
    pub hashed: u64,
}

impl Default for ReadBudget {
    /// 4 GiB take about a minute at the 75 MB/s that a function reads.
    fn default() -> Self {
        Self {
            reads: 32,
            hashed: 4 << 30,
        }
    }
}

/// The documents of an output that have other names than the pipeline gives them: the pipeline's name of each, with the
/// real name, or `None` if the output has no such document.
pub type RealNames = BTreeMap<&'static str, Option<String>>;

/// Reads an output: lists a prefix and reads everything under it that is referenced. In the result, the documents have
/// the pipeline's names.
///
/// # Errors
/// Storage is unavailable or denies access. A fault of one object is not an error but part of the delivery.
pub async fn gather(
    outputs: &Objects,
    prefix: &str,
    budget: ReadBudget,
    known: KnownMeasurements,
    names: &RealNames,
) -> Result<Delivery, Failure> {
    let mut listed = outputs.list(prefix).await?;
    let mut reader = Reader {
        outputs,
        prefix,
        budget,
        known,
        names,
        pins: BTreeMap::new(),
    };
    listed.retain(|o| reader.path(&o.key).is_some());
    let heads: Vec<_> = listed.iter().map(|o| reader.head(o)).collect();
    let heads = futures::stream::iter(heads).buffered(budget.reads);
    let heads: Vec<_> = heads.collect().await;
    let mut objects = Vec::new();
    for meta in heads {
        if let Ok(meta) = reader.usable("", meta)? {
            objects.push(reader.object(meta));
        }
    }
    let mut delivery = Delivery::new(objects);
    for _ in 0..ROUNDS {
        let wanted = delivery.wanted();
        if wanted.is_empty() {
            break;
        }
        reader.texts(&mut delivery, &wanted).await?;
        reader.inits(&mut delivery, &wanted).await?;
        reader.indexes(&mut delivery, &wanted).await?;
        reader.segments(&mut delivery, &wanted).await?;
        reader.streams(&mut delivery, &wanted).await?;
    }
    Ok(delivery)
}

/// Earlier measurements of segments, by key.
#[derive(Clone, Debug, Default)]
pub struct KnownMeasurements(BTreeMap<String, (TrackDefaults, ObjectPin, SegmentMeasurement)>);

impl KnownMeasurements {
    /// Reads the measurements that `assemble-rendition` stored.
    pub async fn read(
        outputs: &Objects,
        expectation: &Expectation,
        keys: &GenerationKeys,
    ) -> Result<Self, Failure> {
        let video = expectation.video.iter().map(|r| &r.path);
        let audio = expectation.audio.iter().map(|r| &r.path);
        let mut known = Self::default();
        for rendition in video.chain(audio) {
            let found = outputs.find(&keys.measurements(rendition)).await?;
            found.into_iter().for_each(|m| known.add(m));
        }
        Ok(known)
    }

    /// Adds the measurements of a rendition.
    pub fn add(&mut self, measurements: RenditionMeasurements) {
        let defaults = measurements.defaults;
        let segments = measurements.segments.into_iter();
        let by_key = |(pin, measured): (ObjectPin, SegmentMeasurement)| {
            (pin.object.key.clone(), (defaults.clone(), pin, measured))
        };
        self.0.extend(segments.map(by_key));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The measurement of exactly this version, if it was read with the same init segment.
    fn take(&mut self, pin: &ObjectPin, defaults: &TrackDefaults) -> Option<SegmentMeasurement> {
        let (read_with, of, measured) = self.0.remove(&pin.object.key)?;
        (read_with == *defaults && of == *pin).then_some(measured)
    }
}

struct Reader<'a> {
    outputs: &'a Objects,
    prefix: &'a str,
    budget: ReadBudget,
    known: KnownMeasurements,
    names: &'a RealNames,
    /// The listed versions, by path: later reads request the same version.
    pins: BTreeMap<String, ObjectPin>,
}

impl Reader<'_> {
    async fn head(&self, listed: &ListedObject) -> PortResult<ObjectMeta> {
        let object = self.outputs.at(&listed.key);
        self.outputs.store().head(&object).await
    }

    fn at(&self, path: &str) -> ObjectRef {
        let real = self.names.get(path).and_then(Option::as_deref);
        let name = real.unwrap_or(path);
        self.outputs.at(&format!("{}{name}", self.prefix))
    }

    /// The path of a key; `None` for an object with the name that a document has here.
    fn path<'k>(&self, key: &'k str) -> Option<&'k str> {
        let path = key.strip_prefix(self.prefix).unwrap_or(key);
        let mut names = self.names.iter();
        match names.find(|(_, real)| real.as_deref() == Some(path)) {
            Some((name, _)) => Some(name),
            None => (!self.names.contains_key(path)).then_some(path),
        }
    }

    fn object(&mut self, meta: ObjectMeta) -> Object {
        let key = &meta.pin.object.key;
        let path = self.path(key).unwrap_or(key).to_owned();
        let size = meta.pin.size;
        self.pins.insert(path.clone(), meta.pin);
        Object {
            path,
            size,
            content_type: meta.content_type,
            cache_control: meta.cache_control,
            content_encoding: meta.content_encoding,
            ..Object::default()
        }
    }

    fn usable<T>(&self, path: &str, read: PortResult<T>) -> Result<Result<T, String>, Failure> {
        usable(read, &self.at(path))
    }

    async fn whole(&self, path: &str, limit: u64) -> PortResult<Bytes> {
        self.outputs.store().get(&self.at(path), limit).await
    }

    /// A part of an object, in the version that was listed.
    fn stored(&self, part: &Part, size: u64) -> PortResult<StoredSegment<'_>> {
        let pin = self.pins.get(&part.path);
        let pin = pin.ok_or_else(|| PortError::new(PortErrorKind::NotFound, "not listed"))?;
        Ok(StoredSegment {
            store: self.outputs.store().as_ref(),
            pin,
            offset: part.range.map_or(0, |(offset, _)| offset),
            size,
        })
    }

    async fn texts(&self, delivery: &mut Delivery, wanted: &Wanted) -> Result<(), Failure> {
        let reads: Vec<_> = wanted
            .texts
            .iter()
            .map(|p| self.whole(p, MAX_TEXT))
            .collect();
        let reads = futures::stream::iter(reads).buffered(self.budget.reads);
        let read: Vec<_> = reads.collect().await;
        for (path, read) in wanted.texts.iter().zip(read) {
            let object = delivery.objects.get(path);
            let gzipped = object.is_some_and(|o| o.content_encoding.as_deref() == Some("gzip"));
            let read = self.usable(path, read)?;
            match read.and_then(|bytes| unpacked(bytes, gzipped)) {
                Ok(text) => delivery.add_text(path, &text),
                Err(reason) => delivery.add_unread_text(path, &reason),
            }
        }
        Ok(())
    }

    async fn inits(&self, delivery: &mut Delivery, wanted: &Wanted) -> Result<(), Failure> {
        for part in &wanted.inits {
            let bytes = self.usable(&part.path, self.init(delivery, part).await)?;
            delivery.add_init(part, bytes.as_deref().map_err(Clone::clone));
        }
        Ok(())
    }

    async fn indexes(&self, delivery: &mut Delivery, wanted: &Wanted) -> Result<(), Failure> {
        for part in &wanted.indexes {
            let bytes = self.usable(&part.path, self.part(part, MAX_INDEX).await)?;
            delivery.add_index(part, bytes.as_deref().map_err(Clone::clone));
        }
        Ok(())
    }

    /// An init segment: its range or, of a file that also has media, everything up to the end of the `moov`.
    async fn init(&self, delivery: &Delivery, part: &Part) -> PortResult<Bytes> {
        let size = delivery.objects.get(&part.path).map_or(0, |o| o.size);
        match part.range {
            Some(_) => self.part(part, MAX_INIT).await,
            None if size <= MAX_INIT => self.whole(&part.path, MAX_INIT).await,
            None => {
                let stored = self.stored(part, size)?;
                let end = movie_end(&stored).await?;
                stored.range(0, end).await
            }
        }
    }

    /// The bytes of a part of an object.
    async fn part(&self, part: &Part, limit: u64) -> PortResult<Bytes> {
        let Some((_, size)) = part.range else {
            return self.whole(&part.path, limit).await;
        };
        if size == 0 || size > limit {
            let expected = format!("expected 1 to {limit} bytes, found {size}");
            return Err(PortError::new(PortErrorKind::Invalid, expected));
        }
        self.stored(part, size)?.range(0, size).await
    }

    async fn segments(&mut self, delivery: &mut Delivery, wanted: &Wanted) -> Result<(), Failure> {
        let mut reads = Vec::new();
        for (part, init) in &wanted.segments {
            let Some((size, defaults)) = delivery.size_of(part).zip(delivery.defaults_of(init))
            else {
                continue;
            };
            match self.measured_before(part, &defaults) {
                Some(measured) => add(delivery, part, Ok(measured)),
                None => reads.push((part, size, defaults)),
            }
        }
        let total = reads.iter().fold(0u64, |sum, r| sum.saturating_add(r.1));
        // Objects are in the order of their paths, so every rendition gets its share of checksums.
        let every = total.div_ceil(self.budget.hashed.max(1)).max(1);
        let parts: Vec<&Part> = reads.iter().map(|(part, ..)| *part).collect();
        let measuring = (0u64..).zip(reads).map(|(index, (part, size, defaults))| {
            let hashed = part.range.is_none() && index % every == 0;
            self.segment(part, size, defaults, hashed)
        });
        let measuring: Vec<_> = measuring.collect();
        let measured = futures::stream::iter(measuring).buffered(self.budget.reads);
        let mut measured = measured.zip(futures::stream::iter(parts));
        while let Some((read, part)) = measured.next().await {
            add(delivery, part, self.usable(&part.path, read)?);
        }
        Ok(())
    }

    fn measured_before(
        &mut self,
        part: &Part,
        defaults: &TrackDefaults,
    ) -> Option<SegmentMeasurement> {
        let pin = self.pins.get(&part.path).filter(|_| part.range.is_none())?;
        self.known.take(pin, defaults)
    }

    async fn segment(
        &self,
        part: &Part,
        size: u64,
        defaults: TrackDefaults,
        hashed: bool,
    ) -> PortResult<SegmentMeasurement> {
        self.stored(part, size)?.measure(defaults, hashed).await
    }

    async fn stream(&self, part: &Part, size: u64) -> PortResult<Bytes> {
        self.stored(part, size)?.range(0, size).await
    }

    async fn streams(&self, delivery: &mut Delivery, wanted: &Wanted) -> Result<(), Failure> {
        for part in &wanted.streams {
            let Some(size) = delivery.size_of(part) else {
                continue;
            };
            let read = if size <= MAX_STREAM {
                self.usable(&part.path, self.stream(part, size).await)?
            } else {
                Err(format!("expected at most {MAX_STREAM} bytes, found {size}"))
            };
            delivery.add_stream(part, read.as_deref().map_err(Clone::clone));
        }
        Ok(())
    }
}

fn add(delivery: &mut Delivery, part: &Part, measured: Result<SegmentMeasurement, String>) {
    let sha256 = measured.as_ref().ok().and_then(|m| m.sha256.clone());
    if let (Some(object), Some(sha256)) = (delivery.objects.get_mut(&part.path), sha256) {
        object.sha256 = Some(sha256);
    }
    delivery.add_segment(part, measured.map(|m| m.facts));
}

/// The offset of the first byte after the `moov` of a file.
///
/// # Errors
/// `Invalid` if the file does not begin with an init segment of at most `MAX_INIT` bytes.
async fn movie_end(file: &StoredSegment<'_>) -> PortResult<u64> {
    let invalid = |found: String| PortError::new(PortErrorKind::Invalid, found);
    let mut at = 0;
    while at < MAX_INIT {
        let head = file.range(at, file.size.min(at + 16)).await?;
        let header = BoxHeader::read(&head, at, file.size);
        let header = header.map_err(|fault| invalid(fault.to_string()))?;
        if &header.kind == b"moov" && header.end <= MAX_INIT {
            return Ok(header.end);
        }
        at = header.end;
        if at >= file.size {
            break;
        }
    }
    let expected = format!("expected a moov within {MAX_INIT} bytes, found none");
    Err(invalid(expected))
}

fn unpacked(bytes: Bytes, gzipped: bool) -> Result<Bytes, String> {
    if !gzipped {
        return Ok(bytes);
    }
    let mut text = Vec::new();
    let mut decoder = GzDecoder::new(&bytes[..]).take(MAX_TEXT + 1);
    let read = decoder.read_to_end(&mut text);
    read.map_err(|e| format!("the object is not gzip, contrary to its Content-Encoding: {e}"))?;
    if text.len() as u64 > MAX_TEXT {
        return Err(format!(
            "expected at most {MAX_TEXT} bytes unpacked, found more"
        ));
    }
    Ok(text.into())
}
