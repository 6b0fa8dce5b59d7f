//! Promises of the [`ObjectStore`] port.

mod listing;
mod reading;
mod writing;

use std::sync::Arc;

use bytes::Bytes;
use reelsmith_core::object::ObjectRef;
use reelsmith_core::ports::{ObjectStore, Put, PutOptions};

/// Asserts every promise of an [`ObjectStore`].
///
/// `plain` is an empty bucket without versions, `versioned` an empty one with versions.
pub async fn object_store(store: Arc<dyn ObjectStore>, plain: &str, versioned: &str) {
    writing::an_object_is_read_as_it_was_written(&*store, plain).await;
    writing::a_file_is_written_like_bytes_in_memory(&*store, plain).await;
    writing::create_only_keeps_an_existing_object(&*store, plain).await;
    writing::one_of_many_concurrent_creators_writes(&store, plain).await;
    writing::one_of_many_concurrent_file_creators_writes(&store, versioned).await;
    reading::a_missing_object_or_bucket_is_not_found(&*store, plain).await;
    reading::an_object_above_the_limit_is_not_read(&*store, plain).await;
    reading::ranges_are_clipped(&*store, plain).await;
    reading::a_pin_without_version_detects_a_change(&*store, plain).await;
    reading::a_pinned_version_is_readable_after_a_change(&*store, versioned).await;
    listing::a_listing_contains_all_pages_in_order(&store, plain).await;
    listing::a_listing_contains_exactly_the_prefix(&*store, plain).await;
    listing::deleting_is_idempotent(&*store, plain).await;
    listing::unusual_keys_are_kept(&*store, plain).await;
}

fn at(bucket: &str, key: &str) -> ObjectRef {
    ObjectRef::new(bucket, key)
}

async fn put(store: &dyn ObjectStore, object: &ObjectRef, body: &str) {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let put = store.put(object, body, &PutOptions::default()).await;
    assert_eq!(put.unwrap(), Put::Written, "{object}");
}

fn create_only() -> PutOptions {
    PutOptions {
        create_only: true,
        ..PutOptions::default()
    }
}

/// Bytes without a repeating pattern, so that a wrong offset shows.
fn noise(length: usize) -> Bytes {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}
