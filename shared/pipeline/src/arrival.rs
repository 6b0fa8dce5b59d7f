//! Finding the files that a manifest names, which may still be on their way.

use reelsmith_contract::payload::ARRIVAL_WAIT_SECONDS;
use reelsmith_contract::{ErrorName, Failure};
use reelsmith_core::object::{ObjectPin, ObjectRef, spellings};
use reelsmith_core::ports::{ObjectStore, PortErrorKind};
use reelsmith_core::time::UnixMillis;

/// Finds an object under its key, or under the other Unicode form of it. `missing` is the error if there is none, and
/// `waiting_since` is when the job began to wait for its files.
pub async fn find(
    store: &dyn ObjectStore,
    object: &ObjectRef,
    missing: ErrorName,
    waiting_since: Option<UnixMillis>,
) -> Result<ObjectPin, Failure> {
    for key in spellings(&object.key) {
        let spelled = ObjectRef::new(&object.bucket, key);
        match store.head(&spelled).await {
            Ok(meta) => return Ok(meta.pin),
            Err(e) if e.kind() == PortErrorKind::NotFound => {}
            Err(e) => return Err(Failure::storage(&e, &spelled)),
        }
    }
    let wait = ARRIVAL_WAIT_SECONDS / 60;
    let until = waiting_since.map(|since| since.plus_seconds(ARRIVAL_WAIT_SECONDS));
    let until = until.map_or(String::new(), |until| format!(", until {until}"));
    Err(Failure::new(
        missing,
        "the file that the manifest names",
        format!("no object; the job waits {wait} minutes for it{until}"),
        object.to_string(),
        "upload the file under exactly this key; after the wait, drop the manifest again",
    ))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use reelsmith_core::ports::PutOptions;
    use reelsmith_testkit::fakes::MemoryStore;

    use super::*;

    async fn found(stored: &str, named: &str) -> Result<String, String> {
        let store: Arc<dyn ObjectStore> = Arc::new(MemoryStore::with_buckets(["in"]));
        let body = bytes::Bytes::from_static(b"x");
        let options = PutOptions::default();
        let stored = ObjectRef::new("in", stored);
        store.put(&stored, body, &options).await.unwrap();
        let named = ObjectRef::new("in", named);
        let since = Some(UnixMillis(1_796_055_550_000));
        let found = find(store.as_ref(), &named, ErrorName::MezzanineMissing, since).await;
        found.map(|pin| pin.object.key).map_err(|e| e.to_string())
    }

    #[tokio::test]
    async fn both_unicode_forms_name_the_same_file() {
        let (composed, decomposed) = ("m/caf\u{e9}.mov", "m/cafe\u{301}.mov");
        for (stored, named) in [
            (composed, decomposed),
            (decomposed, composed),
            (composed, composed),
        ] {
            assert_eq!(found(stored, named).await.as_deref(), Ok(stored));
        }
        assert!(found("m/A.mov", "m/a.mov").await.is_err());
    }

    #[tokio::test]
    async fn a_missing_file_is_named_with_the_end_of_the_wait() {
        let missing = found("m/a.mov", "m/[b] #1.mov").await.unwrap_err();
        insta::assert_snapshot!(missing, @"expected the file that the manifest names; found no object; the job waits 26 minutes for it, until 2026-11-30 16:45:12 UTC; at s3://in/m/[b] #1.mov; to do: upload the file under exactly this key; after the wait, drop the manifest again");
    }
}
