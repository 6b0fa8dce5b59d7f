//! Key pictures of a rendition, read by their ranges.

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::keys::{GenerationKeys, INIT};
use reelsmith_core::record::{ByteRange, RenditionRecord};

/// Greatest init segment.
const MAX_INIT: u64 = 1 << 20;
/// Pictures read at once.
const READS: usize = 16;
/// About as many thumbnails are enough for a title of any length.
const ENOUGH: u32 = 720;

/// How many segments one thumbnail stands for.
pub(crate) fn every(segments: u32) -> u32 {
    segments.div_ceil(ENOUGH).max(1)
}

/// The first key picture of segments.
pub(crate) struct Pictures {
    /// The rendition's init segment.
    pub(crate) init: Bytes,
    /// Number of each segment, from 1.
    pub(crate) segments: Vec<u32>,
    /// Each from its fragment's start to the picture's end.
    pub(crate) bytes: Vec<Bytes>,
}

impl Pictures {
    /// Those of every n-th segment, from the first.
    pub(crate) async fn read(
        outputs: &Objects,
        keys: &GenerationKeys,
        rendition: &str,
        every: u32,
    ) -> Result<Self, Failure> {
        Self::of(outputs, keys, rendition, |n| (n - 1) % every == 0).await
    }

    /// That of one segment.
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
        let object = outputs.at(&keys.output(&format!("{rendition}/{INIT}")));
        let init = outputs.store().get(&object, MAX_INIT).await;
        let init = init.map_err(|e| Failure::storage(&e, &object))?;
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
        let bytes = futures::stream::iter(reads).buffered(READS);
        Ok(Self {
            init,
            segments,
            bytes: bytes.try_collect().await?,
        })
    }
}

async fn range(outputs: &Objects, key: String, range: ByteRange) -> Result<Bytes, Failure> {
    let object = outputs.at(&key);
    let failed = |e| Failure::storage(&e, &object);
    let meta = outputs.store().head(&object).await.map_err(failed)?;
    let end = range.offset.saturating_add(range.length);
    let read = outputs.store().get_range(&meta.pin, range.offset, end);
    read.await.map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::every;

    #[test]
    fn a_long_film_has_no_more_thumbnails_than_a_short_one_needs() {
        for (segments, expected) in [(1, 1), (720, 1), (721, 2), (1_800, 3), (21_600, 30)] {
            assert_eq!(every(segments), expected);
        }
    }
}
