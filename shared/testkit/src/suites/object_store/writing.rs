//! Writing: with headers, and conditional.

use std::sync::Arc;

use bytes::Bytes;
use reelsmith_core::ports::{ObjectStore, PortErrorKind, Put, PutOptions};

use super::{at, create_only, noise, put};
use crate::suites::{race, refused};

pub(super) async fn an_object_is_read_as_it_was_written(store: &dyn ObjectStore, bucket: &str) {
    let object = at(bucket, "write/memory");
    let options = PutOptions {
        content_type: "application/vnd.apple.mpegurl".to_owned(),
        cache_control: Some("max-age=60".to_owned()),
        content_encoding: Some("gzip".to_owned()),
        create_only: false,
        replace: None,
    };
    for body in [noise(70_000), Bytes::new(), Bytes::from_static(b"abc")] {
        let written = store.put(&object, body.clone(), &options).await.unwrap();
        assert_eq!(written, Put::Written);
        assert_eq!(store.get(&object, 70_000).await.unwrap(), body);
        let meta = store.head(&object).await.unwrap();
        assert_eq!(meta.pin.object, object);
        assert_eq!(meta.pin.size, body.len() as u64);
        assert_eq!(
            meta.content_type.as_deref(),
            Some("application/vnd.apple.mpegurl")
        );
        assert_eq!(meta.cache_control.as_deref(), Some("max-age=60"));
        assert_eq!(meta.content_encoding.as_deref(), Some("gzip"));
    }
    let meta = store.head(&object).await.unwrap();
    assert_eq!(
        meta.pin.etag, "900150983cd24fb0d6963f7d28e17f72",
        "the entity tag, without quotes"
    );
    assert_eq!(meta.pin.version_id, None, "{bucket} has no versions");
    put(store, &object, "plain").await;
    let meta = store.head(&object).await.unwrap();
    assert_eq!((meta.cache_control, meta.content_encoding), (None, None));
    let nowhere = at("no-such-bucket-here", "x");
    let kind = refused(store.put(&nowhere, Bytes::new(), &options).await);
    assert_eq!(kind, PortErrorKind::NotFound);
}

pub(super) async fn a_file_is_written_like_bytes_in_memory(store: &dyn ObjectStore, bucket: &str) {
    let folder = tempfile::tempdir().unwrap();
    let options = PutOptions {
        content_type: "video/mp4".to_owned(),
        ..create_only()
    };
    for (name, length) in [
        ("empty", 0),
        ("small", 10),
        ("large", 3_000_001),
        // An adapter may write such a file in parts.
        ("larger", 40_000_003),
    ] {
        let (path, body) = (folder.path().join(name), noise(length));
        std::fs::write(&path, &body).unwrap();
        let object = at(bucket, &format!("write/file {name}.mp4"));
        let first = store.put_file(&object, &path, &options).await.unwrap();
        assert_eq!(first, Put::Written);
        assert_eq!(store.get(&object, length as u64).await.unwrap(), body);
        let meta = store.head(&object).await.unwrap();
        assert_eq!(meta.content_type.as_deref(), Some("video/mp4"));
        let middle = (length as u64 / 2, length as u64 / 2 + 5);
        let range = store.get_range(&meta.pin, middle.0, middle.1).await;
        assert_eq!(
            range.unwrap(),
            body.slice(length / 2..(length / 2 + 5).min(length))
        );
        std::fs::write(&path, b"another").unwrap();
        let second = store.put_file(&object, &path, &options).await.unwrap();
        assert_eq!(second, Put::Exists);
        assert_eq!(store.get(&object, length as u64).await.unwrap(), body);
    }
    let gone = folder.path().join("gone");
    let object = at(bucket, "write/gone");
    let kind = refused(store.put_file(&object, &gone, &options).await);
    assert_eq!(kind, PortErrorKind::Invalid);
    assert_eq!(refused(store.head(&object).await), PortErrorKind::NotFound);
}

pub(super) async fn create_only_keeps_an_existing_object(store: &dyn ObjectStore, bucket: &str) {
    let object = at(bucket, "create/once");
    let write = |body| store.put(&object, Bytes::from_static(body), options());
    assert_eq!(write(b"first").await.unwrap(), Put::Written);
    let before = store.head(&object).await.unwrap();
    assert_eq!(write(b"second").await.unwrap(), Put::Exists);
    assert_eq!(write(b"first").await.unwrap(), Put::Exists);
    assert_eq!(store.head(&object).await.unwrap(), before);
    let keys = [object.key.clone()];
    store.delete(bucket, &keys).await.unwrap();
    assert_eq!(write(b"third").await.unwrap(), Put::Written);
    assert_eq!(&store.get(&object, 5).await.unwrap()[..], b"third");
}

fn options() -> &'static PutOptions {
    static ONCE: std::sync::LazyLock<PutOptions> = std::sync::LazyLock::new(create_only);
    &ONCE
}

pub(super) async fn one_of_many_concurrent_creators_writes(
    store: &Arc<dyn ObjectStore>,
    bucket: &str,
) {
    for round in 0..3 {
        let object = at(bucket, &format!("create/race-{round}"));
        let answers = race(64, |i| {
            let (store, object) = (Arc::clone(store), object.clone());
            async move {
                let body = Bytes::from(format!("writer {i}"));
                let put = store.put(&object, body.clone(), &create_only()).await;
                // A writer that lost reads the object of the winner at once.
                let seen = store.get(&object, 100).await.unwrap();
                (put.unwrap(), body, seen)
            }
        })
        .await;
        assert_one_winner(&answers);
    }
}

pub(super) async fn one_of_many_concurrent_file_creators_writes(
    store: &Arc<dyn ObjectStore>,
    bucket: &str,
) {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let object = at(bucket, "create/file-race");
    let answers = race(16, |i| {
        let (store, object, folder) = (Arc::clone(store), object.clone(), Arc::clone(&folder));
        async move {
            let path = folder.path().join(i.to_string());
            let body = [noise(200_000), Bytes::from(vec![i as u8])].concat();
            std::fs::write(&path, &body).unwrap();
            let put = store.put_file(&object, &path, &create_only()).await;
            let seen = store.get(&object, 300_000).await.unwrap();
            (put.unwrap(), Bytes::from(body), seen)
        }
    })
    .await;
    assert_one_winner(&answers);
}

fn assert_one_winner(answers: &[(Put, Bytes, Bytes)]) {
    let mut winners = answers.iter().filter(|(put, ..)| *put == Put::Written);
    let (_, winner, _) = winners.next().expect("one writer");
    assert_eq!(winners.count(), 0, "more than one wrote");
    for (_, _, seen) in answers {
        assert_eq!(seen, winner, "a writer read other bytes than the winner's");
    }
}
