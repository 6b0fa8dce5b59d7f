//! A file of which only some bytes are known. All others read as zeros.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};

/// A file of `size` bytes. `known` maps positions to bytes, without overlaps.
pub(crate) struct SparseFile {
    pub(crate) size: u64,
    pub(crate) known: BTreeMap<u64, Bytes>,
}

impl SparseFile {
    pub(super) fn range(&self, start: u64, end: u64) -> Bytes {
        let end = end.min(self.size);
        let length = usize::try_from(end.saturating_sub(start)).unwrap_or(0);
        let mut bytes = BytesMut::zeroed(length);
        let before = self.known.range(..=start).next_back();
        let within = self
            .known
            .range(start.saturating_add(1)..end.max(start.saturating_add(1)));
        for (at, known) in before.into_iter().chain(within) {
            let from = start.max(*at);
            let to = end.min(at + known.len() as u64);
            if from < to {
                let place = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
                bytes[place(from - start)..place(to - start)]
                    .copy_from_slice(&known[place(from - at)..place(to - at)]);
            }
        }
        bytes.freeze()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn known_bytes_are_in_place_and_all_others_are_zero(
            pieces in prop::collection::vec((1usize..9, 0usize..9), 0..8), start in 0u64..150, length in 0u64..150,
        ) {
            let (mut whole, mut known) = (Vec::new(), BTreeMap::new());
            for (length, gap) in pieces {
                known.insert(whole.len() as u64, Bytes::from(vec![7; length]));
                whole.extend(vec![7; length]);
                whole.extend(vec![0; gap]);
            }
            let size = whole.len() as u64;
            let end = (start + length).min(size);
            let expected = whole.get(start as usize..end as usize).unwrap_or_default();
            prop_assert_eq!(&SparseFile { size, known }.range(start, start + length)[..], expected);
        }
    }
}
