//! What of a source a chunk is made of: bytes worth reading ahead, and fragments that need not be seen at all.

use crate::probe::ByteSpan;

/// Packets after the last one of a chunk that stay in sight: a decoder gives away its last pictures when others follow, and
/// H.264's may hold back 16 (ISO/IEC 14496-10, A.3.1), of which ffmpeg's drops some where the file ends.
const TRAIL: usize = 18;

/// The stretch of a file with all packets from the one at `first` to the one at `last`, both in file order.
pub(super) fn stretch(packets: &[Option<ByteSpan>], first: usize, last: usize) -> Option<ByteSpan> {
    let last = last.min(packets.len().saturating_sub(1));
    let spans = || packets.get(first..=last).into_iter().flatten().flatten();
    let start = spans().map(|b| b.start).min()?;
    let end = spans().map(|b| b.end).max()?;
    Some(ByteSpan { start, end })
}

/// The fragments before and after those with the packets from `first` to `last`, and a few more that follow.
pub(super) fn hidden(
    fragments: &[ByteSpan],
    packets: &[Option<ByteSpan>],
    first: usize,
    last: usize,
) -> Vec<ByteSpan> {
    let Some(seen) = stretch(packets, first, last.saturating_add(TRAIL)) else {
        return Vec::new();
    };
    let before = fragments.partition_point(|f| f.end <= seen.start);
    let after = fragments.partition_point(|f| f.start < seen.end);
    let sides = [fragments.get(..before), fragments.get(after..)];
    let joined = |side: &[ByteSpan]| {
        let (start, end) = (side.first()?.start, side.last()?.end);
        Some(ByteSpan { start, end })
    };
    sides.into_iter().flatten().filter_map(joined).collect()
}

/// Where to begin to read `media` of a fragmented file: at its fragment's own head.
pub(super) fn with_head(fragments: &[ByteSpan], media: ByteSpan) -> ByteSpan {
    let after = fragments.partition_point(|f| f.start <= media.start);
    let own = after.checked_sub(1).and_then(|i| fragments.get(i));
    let start = own
        .filter(|f| media.start < f.end)
        .map_or(media.start, |f| f.start);
    ByteSpan { start, ..media }
}
