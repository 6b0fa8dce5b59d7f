//! Whether a mezzanine is the file that was delivered: every byte read once, its checksums held against the manifest's.

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use reelsmith_contract::{ErrorName, Failure, PortResultExt as _};
use reelsmith_core::digest::{Checksummer, Checksums};
use reelsmith_core::manifest::Mezzanine;
use reelsmith_core::object::ObjectPin;
use reelsmith_core::ports::ObjectStore;

/// Bytes of one ranged read.
const BLOCK: u64 = 8 << 20;
/// Reads in flight: the next blocks arrive while one is hashed.
const AHEAD: usize = 3;
/// Reads all blocks in order, once.
///
/// # Errors
/// `MezzanineChanged` where the pinned version is gone, or those of storage.
pub async fn checksums(
    store: &Arc<dyn ObjectStore>,
    pin: &ObjectPin,
) -> Result<Checksums, Failure> {
    let blocks = (0..pin.size.div_ceil(BLOCK)).map(|n| {
        let (start, end) = (n * BLOCK, ((n + 1) * BLOCK).min(pin.size));
        async move { store.get_range(pin, start, end).await }
    });
    let mut blocks = std::pin::pin!(futures::stream::iter(blocks).buffered(AHEAD));
    let mut sum = Checksummer::default();
    while let Some(block) = blocks.try_next().await.on_object(&pin.object)? {
        sum.update(&block);
    }
    Ok(sum.finish())
}

/// Compares the checksums. An xxHash of 32 digits is XXH3-128; of 16 digits it is xxHash64 or XXH3-64, whichever fits.
///
/// # Errors
/// `MezzanineChecksumMismatch`.
pub fn expect_equal(
    pin: &ObjectPin,
    declared: &Mezzanine,
    found: &Checksums,
) -> Result<(), Failure> {
    let mismatch = |kind: &str, expected: &str, found: String| {
        Failure::new(
            ErrorName::MezzanineChecksumMismatch,
            format!("{kind} {expected}"),
            found,
            pin.object.to_string(),
            "the file differs from the one the manifest was made for: upload it again or correct the manifest",
        )
    };
    if declared.checksum_md5 != found.md5 {
        return Err(mismatch("MD5", &declared.checksum_md5, found.md5.clone()));
    }
    let Some(xxhash) = &declared.checksum_xxhash else {
        return Ok(());
    };
    let same = [&found.xxh64, &found.xxh3_64, &found.xxh3_128].contains(&xxhash);
    if same {
        return Ok(());
    }
    let alternatives = if xxhash.len() == 32 {
        format!("XXH3-128 {}", found.xxh3_128)
    } else {
        format!("xxHash64 {} and XXH3-64 {}", found.xxh64, found.xxh3_64)
    };
    Err(mismatch("xxHash", xxhash, alternatives))
}

/// The reason behind a refusal: a file that cannot be read, or is not what the manifest describes, is most often not the
/// file that was sent. So it is hashed first, and only a whole file is refused for what it is.
pub async fn or_damaged(
    store: &Arc<dyn ObjectStore>,
    pin: &ObjectPin,
    declared: &Mezzanine,
    refusal: Failure,
) -> Failure {
    if !CONTENT.contains(&refusal.name) {
        return refusal;
    }
    let found = checksums(store, pin).await;
    let compared = found.and_then(|found| expect_equal(pin, declared, &found));
    compared.err().unwrap_or(refusal)
}

/// What is said of a file's content.
const CONTENT: &[ErrorName] = &[
    ErrorName::ContainerUnsupported,
    ErrorName::MezzanineUnreadable,
    ErrorName::VideoStreamMissing,
    ErrorName::CodecUnsupported,
    ErrorName::ResolutionUnsupported,
    ErrorName::DurationUnsupported,
    ErrorName::FrameRateUnsupported,
    ErrorName::StreamLimitExceeded,
    ErrorName::PictureUnsupported,
    ErrorName::AudioTrackMissing,
    ErrorName::ManifestMismatch,
    ErrorName::PlanImpossible,
];
