//! Free space that is shown in place of what nobody needs.

use bytes::Bytes;
use reelsmith_core::probe::ByteSpan;

/// Header of a box with a size of 64 bits.
const HEADER: u64 = 16;
/// Zeros of one answer.
static ZEROS: [u8; 32 << 10] = [0; 32 << 10];

/// The spans that have room for a box.
pub(super) fn fit(mut spans: Vec<ByteSpan>) -> Vec<ByteSpan> {
    spans.retain(|s| s.end - s.start >= HEADER);
    spans
}

fn at_or_before(hidden: &[ByteSpan], at: u64) -> Option<ByteSpan> {
    let next = hidden.partition_point(|s| s.start <= at);
    hidden.get(next.checked_sub(1)?).copied()
}

/// Whether this byte is not the object's own.
pub(super) fn holds(hidden: &[ByteSpan], at: u64) -> bool {
    at_or_before(hidden, at).is_some_and(|s| at < s.end)
}

/// At least one byte of free space from `at`; `None` where the object's own are shown.
pub(super) fn bytes(hidden: &[ByteSpan], at: u64) -> Option<Bytes> {
    let span = at_or_before(hidden, at).filter(|s| at < s.end)?;
    let within = at - span.start;
    if within < HEADER {
        let header = [
            &1u32.to_be_bytes()[..],
            b"free",
            &(span.end - span.start).to_be_bytes(),
        ]
        .concat();
        let skip = usize::try_from(within).unwrap_or(usize::MAX);
        return Some(Bytes::from(header).slice(skip..));
    }
    let left = usize::try_from(span.end - at).unwrap_or(usize::MAX);
    let zeros = ZEROS.get(..left.min(ZEROS.len())).unwrap_or_default();
    Some(Bytes::from_static(zeros))
}

/// The part around `at`, which is not hidden, of a block: up to free space on either side.
pub(super) fn apart_from(hidden: &[ByteSpan], at: u64, block: ByteSpan) -> ByteSpan {
    let next = hidden.partition_point(|s| s.start <= at);
    let before = next.checked_sub(1).and_then(|i| hidden.get(i));
    ByteSpan {
        start: block.start.max(before.map_or(0, |s| s.end)),
        end: hidden
            .get(next)
            .map_or(block.end, |s| block.end.min(s.start)),
    }
}
