//! Reading: complete or an error, and only the pinned version.

use bytes::Bytes;
use reelsmith_core::object::ObjectPin;
use reelsmith_core::ports::{ObjectStore, PortErrorKind, PutOptions};

use super::{at, noise, put};
use crate::suites::refused;

pub(super) async fn a_missing_object_or_bucket_is_not_found(store: &dyn ObjectStore, bucket: &str) {
    for object in [at(bucket, "read/none"), at("no-such-bucket-here", "x")] {
        assert_eq!(refused(store.head(&object).await), PortErrorKind::NotFound);
        assert_eq!(
            refused(store.get(&object, 1).await),
            PortErrorKind::NotFound
        );
        let pin = ObjectPin {
            object,
            version_id: None,
            etag: "900150983cd24fb0d6963f7d28e17f72".to_owned(),
            size: 3,
        };
        let kind = refused(store.get_range(&pin, 0, 3).await);
        assert_eq!(kind, PortErrorKind::NotFound);
    }
    let kind = refused(store.list("no-such-bucket-here", "").await);
    assert_eq!(kind, PortErrorKind::NotFound);
}

pub(super) async fn an_object_above_the_limit_is_not_read(store: &dyn ObjectStore, bucket: &str) {
    let object = at(bucket, "read/limit");
    put(store, &object, "0123456789").await;
    assert_eq!(store.get(&object, 10).await.unwrap().len(), 10);
    assert_eq!(store.get(&object, u64::MAX).await.unwrap().len(), 10);
    for limit in [9, 0] {
        let kind = refused(store.get(&object, limit).await);
        assert_eq!(kind, PortErrorKind::Invalid, "limit {limit}");
    }
    let empty = at(bucket, "read/empty");
    put(store, &empty, "").await;
    assert!(store.get(&empty, 0).await.unwrap().is_empty());
}

pub(super) async fn ranges_are_clipped(store: &dyn ObjectStore, bucket: &str) {
    let object = at(bucket, "read/ranges");
    let body = noise(100_000);
    let options = PutOptions::default();
    store.put(&object, body.clone(), &options).await.unwrap();
    let pin = store.head(&object).await.unwrap().pin;
    for (start, end) in [
        (0, 100_000),
        (0, 1),
        (99_999, 100_000),
        (12_345, 67_890),
        (99_990, 100_010),
        (0, u64::MAX),
        (100_000, 100_001),
        (500_000, 600_000),
        (7, 7),
        (9, 3),
    ] {
        let found = store.get_range(&pin, start, end).await.unwrap();
        assert_eq!(found, cut(&body, start, end), "[{start}, {end})");
    }
    let empty = at(bucket, "read/ranges-empty");
    put(store, &empty, "").await;
    let pin = store.head(&empty).await.unwrap().pin;
    assert!(store.get_range(&pin, 0, 10).await.unwrap().is_empty());
}

fn cut(body: &Bytes, start: u64, end: u64) -> Bytes {
    let clip = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(body.len());
    let (start, end) = (clip(start), clip(end));
    body.slice(start.min(end)..end)
}

pub(super) async fn a_pin_without_version_detects_a_change(store: &dyn ObjectStore, bucket: &str) {
    let object = at(bucket, "pin/plain");
    put(store, &object, "the first one").await;
    let pin = store.head(&object).await.unwrap().pin;
    put(store, &object, "the first one").await;
    let same = store.get_range(&pin, 4, 9).await.unwrap();
    assert_eq!(&same[..], b"first", "equal bytes are the pinned bytes");
    for other in ["the other one", "short", ""] {
        put(store, &object, other).await;
        for (start, end) in [(4, 9), (12, 13), (0, 0)] {
            let kind = refused(store.get_range(&pin, start, end).await);
            assert_eq!(
                kind,
                PortErrorKind::Changed,
                "[{start}, {end}) of {other:?}"
            );
        }
    }
    let keys = [object.key.clone()];
    store.delete(bucket, &keys).await.unwrap();
    let kind = refused(store.get_range(&pin, 4, 9).await);
    assert_eq!(kind, PortErrorKind::NotFound);
}

pub(super) async fn a_pinned_version_is_readable_after_a_change(
    store: &dyn ObjectStore,
    bucket: &str,
) {
    let object = at(bucket, "pin/versioned");
    put(store, &object, "the first one").await;
    let pin = store.head(&object).await.unwrap().pin;
    assert!(pin.version_id.is_some(), "{bucket} has versions");
    put(store, &object, "the other one!").await;
    let newer = store.head(&object).await.unwrap().pin;
    assert_ne!(newer.version_id, pin.version_id);
    assert_eq!(
        &store.get(&object, 99).await.unwrap()[..],
        b"the other one!"
    );
    let old = store.get_range(&pin, 4, 99).await.unwrap();
    assert_eq!(&old[..], b"first one");
    let forged = ObjectPin {
        etag: newer.etag,
        ..pin.clone()
    };
    let kind = refused(store.get_range(&forged, 0, 3).await);
    assert_eq!(kind, PortErrorKind::Changed);
    let keys = [object.key.clone()];
    store.delete(bucket, &keys).await.unwrap();
    assert_eq!(refused(store.head(&object).await), PortErrorKind::NotFound);
    assert_eq!(
        refused(store.get(&object, 99).await),
        PortErrorKind::NotFound
    );
    let old = store.get_range(&pin, 0, 3).await.unwrap();
    assert_eq!(&old[..], b"the", "a pinned version outlives the deletion");
}
