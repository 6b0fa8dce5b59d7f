//! Listing and deleting.

use std::sync::Arc;

use bytes::Bytes;
use reelsmith_core::ports::{ListedObject, ObjectStore, PortErrorKind, PutOptions};
use tokio::task::JoinSet;

use super::{at, put};
use crate::suites::refused;

/// More than one page of 1,000.
const MANY: usize = 1_203;

pub(super) async fn a_listing_contains_all_pages_in_order(
    store: &Arc<dyn ObjectStore>,
    bucket: &str,
) {
    let key = |i: usize| format!("list/many/{i:05}");
    let mut writers = JoinSet::new();
    for first in 0..16 {
        let (store, bucket) = (Arc::clone(store), bucket.to_owned());
        writers.spawn(async move {
            for i in (first..MANY).step_by(16) {
                let body = Bytes::from(vec![b'x'; i % 7]);
                let object = at(&bucket, &key(i));
                let options = PutOptions::default();
                store.put(&object, body, &options).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    let listed = store.list(bucket, "list/many/").await.unwrap();
    let expected: Vec<ListedObject> = (0..MANY)
        .map(|i| ListedObject {
            key: key(i),
            size: (i % 7) as u64,
        })
        .collect();
    assert_eq!(listed, expected);
    let mut keys: Vec<String> = listed.into_iter().map(|l| l.key).collect();
    keys.extend((0..1_000).map(|i| format!("list/never-was/{i}")));
    store.delete(bucket, &keys).await.unwrap();
    assert_eq!(store.list(bucket, "list/many/").await.unwrap(), []);
}

pub(super) async fn a_listing_contains_exactly_the_prefix(store: &dyn ObjectStore, bucket: &str) {
    for key in [
        "list/a",
        "list/a/1",
        "list/a/b/2",
        "list/a-",
        "list/A/1",
        "list/ab/1",
    ] {
        put(store, &at(bucket, key), "x").await;
    }
    let keys = |prefix: &'static str| async move {
        let listed = store.list(bucket, prefix).await.unwrap();
        listed.into_iter().map(|l| l.key).collect::<Vec<_>>()
    };
    assert_eq!(keys("list/a/").await, ["list/a/1", "list/a/b/2"]);
    assert_eq!(
        keys("list/a").await,
        ["list/a", "list/a-", "list/a/1", "list/a/b/2", "list/ab/1"],
        "byte order: '-' before '/'"
    );
    assert!(keys("list/nothing/").await.is_empty());
}

pub(super) async fn deleting_is_idempotent(store: &dyn ObjectStore, bucket: &str) {
    let keys: Vec<String> = ["delete/a", "delete/b", "delete/never"]
        .map(String::from)
        .into();
    put(store, &at(bucket, "delete/a"), "x").await;
    put(store, &at(bucket, "delete/b"), "x").await;
    put(store, &at(bucket, "delete/c"), "x").await;
    store.delete(bucket, &keys).await.unwrap();
    store.delete(bucket, &keys).await.unwrap();
    store.delete(bucket, &[]).await.unwrap();
    let left = store.list(bucket, "delete/").await.unwrap();
    assert_eq!(left.len(), 1, "{left:?}");
    let kind = refused(store.delete("no-such-bucket-here", &keys).await);
    assert_eq!(kind, PortErrorKind::NotFound);
}

pub(super) async fn unusual_keys_are_kept(store: &dyn ObjectStore, bucket: &str) {
    let mut keys: Vec<String> = [
        "with space",
        "two  spaces ",
        "plus+plus",
        "100%",
        "%2F%20",
        "a&b",
        "<tag>",
        "\"quoted\"",
        "it's",
        "q?x=1",
        "#hash",
        "semi;colon",
        "eq=",
        "at@",
        "co:lon",
        "comma,",
        "dollar$",
        "tilde~",
        "(paren)",
        "[bracket]",
        "{brace}",
        "bar|",
        "back\\slash",
        "caret^",
        "tick`",
        "ünïcode",
        "進撃の巨人",
        "emoji🎬",
        "dotted.name.m4s",
        "trailing/",
    ]
    .map(|name| format!("awkward/{name}"))
    .into();
    keys.sort();
    for key in &keys {
        let object = at(bucket, key);
        put(store, &object, key).await;
        let pin = store.head(&object).await.unwrap().pin;
        assert_eq!(&store.get(&object, 100).await.unwrap()[..], key.as_bytes());
        let range = store.get_range(&pin, 1, 99).await.unwrap();
        assert_eq!(&range[..], &key.as_bytes()[1..], "{key}");
        assert_eq!(store.list(bucket, key).await.unwrap().len(), 1, "{key}");
    }
    let listed = store.list(bucket, "awkward/").await.unwrap();
    let listed: Vec<String> = listed.into_iter().map(|l| l.key).collect();
    assert_eq!(listed, keys);
    store.delete(bucket, &keys).await.unwrap();
    assert_eq!(store.list(bucket, "awkward/").await.unwrap(), []);
}
