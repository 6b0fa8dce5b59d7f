//! Reading key pictures of a rendition by their byte ranges.

use bytes::Bytes;
use reelsmith_contract::{Failure, Objects, PortResultExt as _};
use reelsmith_core::keys::{GenerationKeys, INIT};
use reelsmith_core::record::{ByteRange, RenditionRecord};
use reelsmith_pipeline::records::concurrently;

const MAX_INIT: u64 = 1 << 20;
const READS: usize = 16;
/// Maximum number of thumbnails, which is enough for a title of any length.
const MAX_THUMBNAILS: u32 = 720;

/// The number of segments for each thumbnail.
pub(crate) fn every(segments: u32) -> u32 {
    segments.div_ceil(MAX_THUMBNAILS).max(1)
}

/// The first key pictures of segments.
pub(crate) struct Pictures {
    pub(crate) init: Bytes,
    pub(crate) segments: Vec<u32>,
    /// The bytes of each, from the start of its fragment to the end of the picture.
    pub(crate) bytes: Vec<Bytes>,
}

impl Pictures {
    /// Reads the picture of every n-th segment, from the first.
    pub(crate) async fn every_nth(
        outputs: &Objects,
        keys: &GenerationKeys,
        rendition: &str,
        every: u32,
    ) -> Result<Self, Failure> {
        Self::of(outputs, keys, rendition, |n| (n - 1) % every == 0).await
    }

    /// Reads the picture of one segment.
    pub(crate) async fn one(
        outputs: &Objects,
        keys: &GenerationKeys,
        rendition: &str,
        number: u32,
    ) -> Result<Self, Failure> {
        Self::of(outputs, keys, rendition, |n| n == number).await
    }

    async fn of(
        outputs: &Objects,
        keys: &GenerationKeys,
        rendition: &str,
        wanted: impl Fn(u32) -> bool,
    ) -> Result<Self, Failure> {
        let record: RenditionRecord = outputs.read(&keys.rendition_record(rendition)).await?;
        let init = keys.output(&format!("{rendition}/{INIT}"));
        let init = outputs.get(&init, MAX_INIT).await?;
        let (mut segments, mut reads) = (Vec::new(), Vec::new());
        for segment in record.output.segments.iter().filter(|s| wanted(s.number)) {
            let key = keys.output(&format!("{rendition}/{}", segment.name));
            let first = segment.key_frames.first();
            let first = first.ok_or_else(|| {
                Failure::internal("a segment whose record has no key frame", key.clone())
            })?;
            segments.push(segment.number);
            reads.push(range(outputs, key, first.range));
        }
        Ok(Self {
            init,
            segments,
            bytes: concurrently(READS, reads.into_iter()).await?,
        })
    }
}

async fn range(outputs: &Objects, key: String, range: ByteRange) -> Result<Bytes, Failure> {
    let object = outputs.at(&key);
    let pin = outputs.store().head(&object).await.on_object(&object)?.pin;
    let end = range.offset.saturating_add(range.length);
    let read = outputs.store().get_range(&pin, range.offset, end).await;
    read.on_object(&object)
}

#[cfg(test)]
mod tests {
    use super::every;

    #[test]
    fn the_number_of_thumbnails_is_limited() {
        for (segments, expected) in [(1, 1), (720, 1), (721, 2), (1_800, 3), (21_600, 30)] {
            assert_eq!(every(segments), expected);
        }
    }
}
