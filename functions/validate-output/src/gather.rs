//! Reads what the conformance rules need to know of an output, in parallel and with bounded memory.

use std::io::Read as _;

use bytes::Bytes;
use flate2::read::GzDecoder;
use futures::StreamExt as _;
use reelsmith_conformance::cmaf::{SegmentScan, TrackDefaults};
use reelsmith_conformance::{Delivery, Object, Part, Wanted};
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::digest::sha256_hex;
use reelsmith_core::ports::{Listed, ObjectMeta, PortError};

/// Objects read at once.
const READS: usize = 16;
/// Greatest text, unpacked: a day of segments is far below.
const MAX_TEXT: u64 = 32 << 20;
/// Greatest init segment.
const MAX_INIT: u64 = 1 << 20;
/// Greatest segment that is read whole, so that its checksum is known; a greater one is measured by ranges.
const MAX_WHOLE: u64 = 64 << 20;
/// Rounds of reading: texts name texts, those name init segments, those allow segments to be measured.
const ROUNDS: u32 = 8;

/// Lists a prefix and reads everything that is referenced under it.
///
/// # Errors
/// Those of storage for the listing. An object that cannot be read is not an error but a finding.
pub async fn gather(outputs: &Objects, prefix: &str) -> Result<Delivery, Failure> {
    let listed = outputs.store().list(outputs.bucket(), prefix).await;
    let listed = listed.map_err(|e| Failure::storage(&e, outputs.at(prefix)))?;
    let heads: Vec<_> = listed.iter().map(|o| head(outputs, o)).collect();
    let heads: Vec<_> = futures::stream::iter(heads).buffered(READS).collect().await;
    let mut delivery = Delivery::new(heads.into_iter().flatten().map(|meta| object(prefix, meta)));
    let reader = Reader { outputs, prefix };
    for _ in 0..ROUNDS {
        let wanted = delivery.wanted();
        if wanted.is_empty() {
            break;
        }
        reader.texts(&mut delivery, &wanted).await;
        reader.inits(&mut delivery, &wanted).await;
        reader.segments(&mut delivery, &wanted).await;
    }
    Ok(delivery)
}

async fn head(outputs: &Objects, listed: &Listed) -> Result<ObjectMeta, PortError> {
    outputs.store().head(&outputs.at(&listed.key)).await
}

fn object(prefix: &str, meta: ObjectMeta) -> Object {
    let key = &meta.pin.object.key;
    Object {
        path: key.strip_prefix(prefix).unwrap_or(key).to_owned(),
        size: meta.pin.size,
        content_type: meta.content_type,
        cache_control: meta.cache_control,
        content_encoding: meta.content_encoding,
        ..Object::default()
    }
}

struct Reader<'a> {
    outputs: &'a Objects,
    prefix: &'a str,
}

impl Reader<'_> {
    async fn whole(&self, path: &str, limit: u64) -> Result<Bytes, String> {
        let object = self.outputs.at(&format!("{}{path}", self.prefix));
        let body = self.outputs.store().get(&object, limit).await;
        body.map_err(|e| e.to_string())
    }

    async fn texts(&self, delivery: &mut Delivery, wanted: &Wanted) {
        let gzipped = |path: &str| {
            let object = delivery.objects.get(path);
            object.is_some_and(|o| o.content_encoding.as_deref() == Some("gzip"))
        };
        let reads: Vec<_> = wanted
            .texts
            .iter()
            .map(|path| self.text(path, gzipped(path)))
            .collect();
        let read: Vec<_> = futures::stream::iter(reads).buffered(READS).collect().await;
        for (path, text) in wanted.texts.iter().zip(read) {
            match text {
                Ok(text) => delivery.add_text(path, &text),
                Err(reason) => delivery.add_unread_text(path, &reason),
            }
        }
    }

    async fn text(&self, path: &str, gzipped: bool) -> Result<Bytes, String> {
        unpacked(self.whole(path, MAX_TEXT).await?, gzipped)
    }

    async fn inits(&self, delivery: &mut Delivery, wanted: &Wanted) {
        for part in &wanted.inits {
            let whole = self.whole(&part.path, MAX_INIT).await;
            let bytes = whole.and_then(|b| cut(&b, part).map(<[u8]>::to_vec));
            delivery.add_init(part, bytes.as_deref().map_err(Clone::clone));
        }
    }

    async fn segments(&self, delivery: &mut Delivery, wanted: &Wanted) {
        let reads: Vec<_> = wanted
            .segments
            .iter()
            .filter_map(|(part, init)| {
                let size = delivery.size_of(part)?;
                Some((part, size, delivery.defaults_of(init)?))
            })
            .collect();
        let parts: Vec<&Part> = reads.iter().map(|(part, ..)| *part).collect();
        let measuring: Vec<_> = reads
            .into_iter()
            .map(|(part, size, defaults)| self.segment(part, size, defaults))
            .collect();
        let mut measured = futures::stream::iter(measuring)
            .buffered(READS)
            .zip(futures::stream::iter(parts));
        while let Some((result, part)) = measured.next().await {
            let sha256 = result.as_ref().ok().and_then(|m| m.sha256.clone());
            if let (Some(object), Some(sha256)) = (delivery.objects.get_mut(&part.path), sha256) {
                object.sha256 = Some(sha256);
            }
            delivery.add_segment(part, result.map(|m| m.facts));
        }
    }

    async fn segment(
        &self,
        part: &Part,
        size: u64,
        defaults: TrackDefaults,
    ) -> Result<Measured, String> {
        if part.range.is_none() && size <= MAX_WHOLE {
            let bytes = self.whole(&part.path, MAX_WHOLE).await?;
            return Ok(Measured {
                facts: SegmentScan::whole(&bytes, defaults),
                sha256: Some(sha256_hex(&bytes)),
            });
        }
        let object = self.outputs.at(&format!("{}{}", self.prefix, part.path));
        let meta = self
            .outputs
            .store()
            .head(&object)
            .await
            .map_err(|e| e.to_string())?;
        let base = part.range.map_or(0, |(offset, _)| offset);
        let mut scan = SegmentScan::new(size, defaults);
        while let Some(need) = scan.need() {
            let (start, end) = (base + need.start, base + need.end);
            let bytes = self.outputs.store().get_range(&meta.pin, start, end).await;
            scan.feed(need.start, &bytes.map_err(|e| e.to_string())?);
        }
        Ok(Measured {
            facts: scan.finish(),
            sha256: None,
        })
    }
}

struct Measured {
    facts: reelsmith_conformance::cmaf::SegmentFacts,
    sha256: Option<String>,
}

fn cut<'a>(bytes: &'a Bytes, part: &Part) -> Result<&'a [u8], String> {
    let Some((offset, length)) = part.range else {
        return Ok(bytes);
    };
    let range = usize::try_from(offset)
        .ok()
        .zip(usize::try_from(offset + length).ok());
    let inside = range.and_then(|(start, end)| bytes.get(start..end));
    inside.ok_or_else(|| format!("the range {part} is not within {} bytes", bytes.len()))
}

fn unpacked(bytes: Bytes, gzipped: bool) -> Result<Bytes, String> {
    if !gzipped {
        return Ok(bytes);
    }
    let mut text = Vec::new();
    let mut decoder = GzDecoder::new(&bytes[..]).take(MAX_TEXT);
    decoder
        .read_to_end(&mut text)
        .map_err(|e| format!("not gzip as its encoding says: {e}"))?;
    Ok(text.into())
}
