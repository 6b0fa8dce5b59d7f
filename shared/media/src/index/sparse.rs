//! A file of which only some bytes are known: the rest reads as zeros.

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{
    ListedObject, ObjectMeta, ObjectStore, PortError, PortErrorKind, PortResult, Put, PutOptions,
};

/// Serves one object's known bytes by ranges, and nothing else.
pub(super) struct SparseStore {
    pin: ObjectPin,
    known: BTreeMap<u64, Bytes>,
}

impl SparseStore {
    /// An object of the pin's size; `known` holds bytes by where they start, without overlaps.
    pub(super) fn new(pin: ObjectPin, known: BTreeMap<u64, Bytes>) -> Self {
        Self { pin, known }
    }

    fn range(&self, start: u64, end: u64) -> Bytes {
        let end = end.min(self.pin.size);
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

fn refused<T>() -> PortResult<T> {
    let detail = "only ranges of one object can be read here";
    Err(PortError::new(PortErrorKind::Invalid, detail))
}

#[async_trait]
impl ObjectStore for SparseStore {
    async fn head(&self, _: &ObjectRef) -> PortResult<ObjectMeta> {
        refused()
    }

    async fn get(&self, _: &ObjectRef, _: u64) -> PortResult<Bytes> {
        refused()
    }

    async fn get_range(&self, _: &ObjectPin, start: u64, end: u64) -> PortResult<Bytes> {
        Ok(self.range(start, end))
    }

    async fn put(&self, _: &ObjectRef, _: Bytes, _: &PutOptions) -> PortResult<Put> {
        refused()
    }

    async fn put_file(&self, _: &ObjectRef, _: &Path, _: &PutOptions) -> PortResult<Put> {
        refused()
    }

    async fn list(&self, _: &str, _: &str) -> PortResult<Vec<ListedObject>> {
        refused()
    }

    async fn delete(&self, _: &str, _: &[String]) -> PortResult<()> {
        refused()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn known_bytes_are_where_they_belong_and_all_else_is_zero(
            pieces in prop::collection::vec((1usize..9, 0usize..9), 0..8), start in 0u64..150, length in 0u64..150,
        ) {
            let (mut whole, mut known) = (Vec::new(), BTreeMap::new());
            for (length, gap) in pieces {
                known.insert(whole.len() as u64, Bytes::from(vec![7; length]));
                whole.extend(vec![7; length]);
                whole.extend(vec![0; gap]);
            }
            let pin = ObjectPin {
                object: ObjectRef::new("b", "k"),
                version_id: None,
                etag: String::new(),
                size: whole.len() as u64,
            };
            let end = (start + length).min(whole.len() as u64);
            let expected = whole.get(start as usize..end as usize).unwrap_or_default();
            prop_assert_eq!(&SparseStore::new(pin, known).range(start, start + length)[..], expected);
        }
    }
}
