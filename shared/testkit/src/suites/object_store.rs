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
    writing::what_is_written_is_read(&*store, plain).await;
    writing::a_file_is_written_like_memory(&*store, plain).await;
    writing::create_only_leaves_what_is_there(&*store, plain).await;
    writing::of_many_creators_one_writes(&store, plain).await;
    writing::of_many_file_creators_one_writes(&store, versioned).await;
    reading::what_is_missing_is_not_found(&*store, plain).await;
    reading::a_limit_is_held(&*store, plain).await;
    reading::ranges_are_clipped(&*store, plain).await;
    reading::a_pin_without_version_notices_a_change(&*store, plain).await;
    reading::a_pin_with_version_outlives_a_change(&*store, versioned).await;
    listing::a_listing_has_all_pages_in_order(&store, plain).await;
    listing::a_prefix_is_exact(&*store, plain).await;
    listing::deleting_is_idempotent(&*store, plain).await;
    listing::awkward_keys_are_kept(&*store, plain).await;
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

/// Bytes without a pattern that a wrong offset could hide in.
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
