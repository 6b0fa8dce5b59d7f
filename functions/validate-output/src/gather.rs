//! Reads what the conformance rules need to know of an output, in parallel and with bounded memory.

use std::collections::BTreeMap;
use std::io::Read as _;

use bytes::Bytes;
use flate2::read::GzDecoder;
use futures::StreamExt as _;
use reelsmith_conformance::cmaf::{SegmentFacts, SegmentScan, TrackDefaults};
use reelsmith_conformance::{Delivery, Object, Part, Wanted};
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::digest::Sha256Stream;
use reelsmith_core::ports::{Listed, ObjectMeta, ObjectPin, PortError, PortErrorKind};

/// Greatest text, unpacked: a day of segments is far below.
const MAX_TEXT: u64 = 32 << 20;
/// Greatest init segment.
const MAX_INIT: u64 = 1 << 20;
/// Greatest part of a segment that is held in memory: a larger segment is hashed piece by piece.
const PIECE: u64 = 8 << 20;
/// Greatest segment of MPEG-TS, which is read whole.
const MAX_STREAM: u64 = 64 << 20;
/// Rounds of reading: texts name texts, those name init segments, those allow segments to be measured.
const ROUNDS: u32 = 8;

/// How much a check may read. Every segment is opened and measured; this decides of how many the checksum is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Objects read at once. Memory is at most this many pieces of 8 MiB, and the facts.
    pub reads: usize,
    /// About so many bytes are read for checksums. In an output with more, every second, third, … segment is hashed.
    pub hashed: u64,
}

impl Default for Effort {
    /// 4 GiB take about a minute at the 75 MB/s that a function reads.
    fn default() -> Self {
        Self {
            reads: 32,
            hashed: 4 << 30,
        }
    }
}

/// Lists a prefix and reads everything that is referenced under it.
///
/// # Errors
/// Those of storage that may pass or that concern more than an object. What is wrong with one object is not an error but
/// a finding.
pub async fn gather(outputs: &Objects, prefix: &str, effort: Effort) -> Result<Delivery, Failure> {
    let listed = outputs.store().list(outputs.bucket(), prefix).await;
    let listed = listed.map_err(|e| Failure::storage(&e, outputs.at(prefix)))?;
    let mut reader = Reader {
        outputs,
        prefix,
        effort,
        pins: BTreeMap::new(),
    };
    let heads: Vec<_> = listed.iter().map(|o| reader.head(o)).collect();
    let heads = futures::stream::iter(heads).buffered(effort.reads);
    let heads: Vec<_> = heads.collect().await;
    let mut objects = Vec::new();
    for meta in heads {
        if let Ok(meta) = reader.settle(prefix, meta)? {
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
        reader.segments(&mut delivery, &wanted).await?;
        reader.streams(&mut delivery, &wanted).await?;
    }
    Ok(delivery)
}

struct Reader<'a> {
    outputs: &'a Objects,
    prefix: &'a str,
    effort: Effort,
    /// What was listed, by path: later reads demand the same version.
    pins: BTreeMap<String, ObjectPin>,
}

struct Measured {
    facts: SegmentFacts,
    sha256: Option<String>,
}

impl Reader<'_> {
    async fn head(&self, listed: &Listed) -> Result<ObjectMeta, PortError> {
        let object = self.outputs.at(&listed.key);
        self.outputs.store().head(&object).await
    }

    fn object(&mut self, meta: ObjectMeta) -> Object {
        let key = &meta.pin.object.key;
        let path = key.strip_prefix(self.prefix).unwrap_or(key).to_owned();
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

    /// Tells a storage that fails from an object that is bad: only the latter is a finding of the check.
    fn settle<T>(
        &self,
        path: &str,
        read: Result<T, PortError>,
    ) -> Result<Result<T, String>, Failure> {
        match read {
            Ok(read) => Ok(Ok(read)),
            Err(e) if matches!(e.kind, PortErrorKind::Unavailable | PortErrorKind::Denied) => {
                let at = self.outputs.at(&format!("{}{path}", self.prefix));
                Err(Failure::storage(&e, at))
            }
            Err(e) => Ok(Err(e.to_string())),
        }
    }

    async fn whole(&self, path: &str, limit: u64) -> Result<Bytes, PortError> {
        let object = self.outputs.at(&format!("{}{path}", self.prefix));
        self.outputs.store().get(&object, limit).await
    }

    /// Bytes `[start, end)` of a part of the version that was listed. Fewer than that are an error.
    async fn range(&self, part: &Part, start: u64, end: u64) -> Result<Bytes, PortError> {
        let invalid = |detail: String| PortError::new(PortErrorKind::Invalid, detail);
        let pin = self.pins.get(&part.path);
        let pin = pin.ok_or_else(|| PortError::new(PortErrorKind::NotFound, "not listed"))?;
        let base = part.range.map_or(0, |(offset, _)| offset);
        let bounds = base.checked_add(start).zip(base.checked_add(end));
        let (start, end) = bounds.ok_or_else(|| invalid(format!("the range {part}")))?;
        let bytes = self.outputs.store().get_range(pin, start, end).await?;
        if bytes.len() as u64 != end - start {
            let found = format!(
                "expected {} bytes of {part}, found {}",
                end - start,
                bytes.len()
            );
            return Err(invalid(found));
        }
        Ok(bytes)
    }

    async fn texts(&self, delivery: &mut Delivery, wanted: &Wanted) -> Result<(), Failure> {
        let reads: Vec<_> = wanted
            .texts
            .iter()
            .map(|p| self.whole(p, MAX_TEXT))
            .collect();
        let reads = futures::stream::iter(reads).buffered(self.effort.reads);
        let read: Vec<_> = reads.collect().await;
        for (path, read) in wanted.texts.iter().zip(read) {
            let object = delivery.objects.get(path);
            let gzipped = object.is_some_and(|o| o.content_encoding.as_deref() == Some("gzip"));
            let read = self.settle(path, read)?;
            match read.and_then(|bytes| unpacked(bytes, gzipped)) {
                Ok(text) => delivery.add_text(path, &text),
                Err(reason) => delivery.add_unread_text(path, &reason),
            }
        }
        Ok(())
    }

    async fn inits(&self, delivery: &mut Delivery, wanted: &Wanted) -> Result<(), Failure> {
        for part in &wanted.inits {
            let whole = self.settle(&part.path, self.whole(&part.path, MAX_INIT).await)?;
            let bytes = whole.and_then(|b| cut(&b, part).map(<[u8]>::to_vec));
            delivery.add_init(part, bytes.as_deref().map_err(Clone::clone));
        }
        Ok(())
    }

    async fn segments(&self, delivery: &mut Delivery, wanted: &Wanted) -> Result<(), Failure> {
        let reads = wanted.segments.iter().filter_map(|(part, init)| {
            let size = delivery.size_of(part)?;
            Some((part, size, delivery.defaults_of(init)?))
        });
        let reads: Vec<_> = reads.collect();
        let total = reads.iter().fold(0u64, |sum, r| sum.saturating_add(r.1));
        // Objects come in the order of their paths, so that every rendition has its share of checksums.
        let every = total.div_ceil(self.effort.hashed.max(1)).max(1);
        let parts: Vec<&Part> = reads.iter().map(|(part, ..)| *part).collect();
        let measuring = (0u64..).zip(reads).map(|(index, (part, size, defaults))| {
            let hashed = part.range.is_none() && index % every == 0;
            self.segment(part, size, defaults, hashed)
        });
        let measuring: Vec<_> = measuring.collect();
        let measured = futures::stream::iter(measuring).buffered(self.effort.reads);
        let mut measured = measured.zip(futures::stream::iter(parts));
        while let Some((read, part)) = measured.next().await {
            let read = self.settle(&part.path, read)?;
            let sha256 = read.as_ref().ok().and_then(|m| m.sha256.clone());
            if let (Some(object), Some(sha256)) = (delivery.objects.get_mut(&part.path), sha256) {
                object.sha256 = Some(sha256);
            }
            delivery.add_segment(part, read.map(|m| m.facts));
        }
        Ok(())
    }

    async fn segment(
        &self,
        part: &Part,
        size: u64,
        defaults: TrackDefaults,
        hashed: bool,
    ) -> Result<Measured, PortError> {
        if hashed && size <= PIECE {
            let bytes = self.range(part, 0, size).await?;
            return measured_apart(bytes, defaults).await;
        }
        let mut scan = SegmentScan::new(size, defaults);
        while let Some(need) = scan.need() {
            let bytes = self.range(part, need.start, need.end).await?;
            scan.feed(need.start, &bytes);
        }
        let sha256 = if hashed {
            Some(self.sha256(part, size).await?)
        } else {
            None
        };
        Ok(Measured {
            facts: scan.finish(),
            sha256,
        })
    }

    /// The checksum of a large segment, read piece by piece.
    async fn sha256(&self, part: &Part, size: u64) -> Result<String, PortError> {
        let mut hasher = Sha256Stream::default();
        let mut at = 0;
        while at < size {
            let end = size.min(at + PIECE);
            hasher.update(&self.range(part, at, end).await?);
            at = end;
        }
        Ok(hasher.finish())
    }

    async fn streams(&self, delivery: &mut Delivery, wanted: &Wanted) -> Result<(), Failure> {
        for part in &wanted.streams {
            let Some(size) = delivery.size_of(part) else {
                continue;
            };
            let read = if size <= MAX_STREAM {
                self.settle(&part.path, self.range(part, 0, size).await)?
            } else {
                Err(format!("expected at most {MAX_STREAM} bytes, found {size}"))
            };
            delivery.add_stream(part, read.as_deref().map_err(Clone::clone));
        }
        Ok(())
    }
}

/// Hashes and measures on a thread of its own: reads go on meanwhile.
async fn measured_apart(bytes: Bytes, defaults: TrackDefaults) -> Result<Measured, PortError> {
    let work = move || Measured {
        facts: SegmentScan::whole(&bytes, defaults),
        sha256: Some(reelsmith_core::digest::sha256_hex(&bytes)),
    };
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| PortError::new(PortErrorKind::Invalid, format!("measuring ended: {e}")))
}

fn cut<'a>(bytes: &'a Bytes, part: &Part) -> Result<&'a [u8], String> {
    let Some((offset, length)) = part.range else {
        return Ok(bytes);
    };
    let end = offset.checked_add(length);
    let range = usize::try_from(offset)
        .ok()
        .zip(end.and_then(|e| usize::try_from(e).ok()));
    let inside = range.and_then(|(start, end)| bytes.get(start..end));
    inside.ok_or_else(|| format!("the range {part} is not within {} bytes", bytes.len()))
}

fn unpacked(bytes: Bytes, gzipped: bool) -> Result<Bytes, String> {
    if !gzipped {
        return Ok(bytes);
    }
    let mut text = Vec::new();
    let mut decoder = GzDecoder::new(&bytes[..]).take(MAX_TEXT + 1);
    let read = decoder.read_to_end(&mut text);
    read.map_err(|e| format!("not gzip as its encoding says: {e}"))?;
    if text.len() as u64 > MAX_TEXT {
        return Err(format!(
            "expected at most {MAX_TEXT} bytes unpacked, found more"
        ));
    }
    Ok(text.into())
}
