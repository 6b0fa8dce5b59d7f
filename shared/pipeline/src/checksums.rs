//! Whether the mezzanine in the bucket is the file that the manifest describes.
//!
//! **Problem.** MD5 cannot be computed in parts, so someone has to read the whole file: half a minute for an episode, minutes
//! for a film. The encode must not wait for it, but nothing may be published from a damaged file.
//!
//! **Idea.** `verify-mezzanine` calls [`compute`] in parallel with the encode, and the job fails before assembly if [`verify`]
//! finds a difference. A file that is damaged or is the wrong file is often refused earlier, because it cannot be probed or
//! does not match the manifest. [`explain_refusal`] then computes the checksums first, and reports the damage instead of its
//! symptom.
//!
//! A large file takes longer than an invocation of a function. [`read_on`] therefore reads until a time, and the state of the
//! hash is stored for the next invocation.
//!
//! **Invariant.** Only the pinned version is read: every range is requested with the version id and the ETag that were
//! validated.
//!
//! ```text
//! let mut sum = Checksummer::default();
//! while !checksums::read_on(&store, &pin, &mut sum, until).await? { /* store sum.state() */ }
//! checksums::verify(&pin, &job.manifest.mezzanine, &sum.finish())?;
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt as _, TryStreamExt as _};
use reelsmith_contract::{ErrorName, Failure, PortResultExt as _};
use reelsmith_core::digest::{Checksummer, Checksums};
use reelsmith_core::manifest::Mezzanine;
use reelsmith_core::object::ObjectPin;
use reelsmith_core::ports::ObjectStore;

const BLOCK: u64 = 8 << 20;
/// Concurrent reads: the next blocks arrive while one is hashed.
const READS: usize = 3;
/// The time that an invocation keeps for what follows the reading.
const RESERVE: Duration = Duration::from_secs(30);

/// The errors that a damaged file can cause.
const CONTENT_ERRORS: &[ErrorName] = &[
    ErrorName::ContainerUnsupported,
    ErrorName::MezzanineUnreadable,
    ErrorName::MezzanineTruncated,
    ErrorName::MezzanineEncrypted,
    ErrorName::VideoStreamMissing,
    ErrorName::VideoStreamAmbiguous,
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

/// Adds the bytes of the file after those that were added, until its end or until a time, but at least one block. Returns
/// whether the end was reached.
///
/// # Errors
/// `MezzanineChanged` if the pinned version no longer exists, or the errors of storage.
pub async fn read_on(
    store: &Arc<dyn ObjectStore>,
    pin: &ObjectPin,
    checksummer: &mut Checksummer,
    until: Instant,
) -> Result<bool, Failure> {
    let first = checksummer.length();
    let blocks = (0..pin.size.saturating_sub(first).div_ceil(BLOCK)).map(|n| {
        let start = first + n * BLOCK;
        let end = (start + BLOCK).min(pin.size);
        async move { store.get_range(pin, start, end).await }
    });
    let mut blocks = std::pin::pin!(futures::stream::iter(blocks).buffered(READS));
    while let Some(block) = blocks.try_next().await.on_object(&pin.object)? {
        checksummer.update(&block);
        if Instant::now() >= until {
            break;
        }
    }
    Ok(checksummer.length() >= pin.size)
}

/// Compares checksums with the manifest. An xxHash of 32 digits is XXH3-128; one of 16 digits is either xxHash64 or XXH3-64.
///
/// # Errors
/// `MezzanineChecksumMismatch`.
pub fn verify(pin: &ObjectPin, declared: &Mezzanine, found: &Checksums) -> Result<(), Failure> {
    let mismatch = |algorithm: &str, expected: &str, found: String| {
        Failure::new(
            ErrorName::MezzanineChecksumMismatch,
            format!("{algorithm} {expected}"),
            found,
            pin.object.to_string(),
            "the file differs from the one that the manifest describes: upload the file again or correct the manifest",
        )
    };
    if declared.checksum_md5 != found.md5 {
        return Err(mismatch("MD5", &declared.checksum_md5, found.md5.clone()));
    }
    let Some(xxhash) = &declared.checksum_xxhash else {
        return Ok(());
    };
    if [&found.xxh64, &found.xxh3_64, &found.xxh3_128].contains(&xxhash) {
        return Ok(());
    }
    let alternatives = if xxhash.len() == 32 {
        format!("XXH3-128 {}", found.xxh3_128)
    } else {
        format!("xxHash64 {} and XXH3-64 {}", found.xxh64, found.xxh3_64)
    };
    Err(mismatch("xxHash", xxhash, alternatives))
}

/// The reason behind a refusal. If the error can come from a damaged file, the file is hashed; a difference replaces the
/// refusal. All other refusals are returned unchanged, and so is one of a file that cannot be read in the remaining time.
pub async fn explain_refusal(
    store: &Arc<dyn ObjectStore>,
    pin: &ObjectPin,
    declared: &Mezzanine,
    refusal: Failure,
    remaining: Duration,
) -> Failure {
    if !CONTENT_ERRORS.contains(&refusal.name) {
        return refusal;
    }
    let mut sum = Checksummer::default();
    let until = Instant::now() + remaining.saturating_sub(RESERVE);
    let compared = match read_on(store, pin, &mut sum, until).await {
        Ok(true) => verify(pin, declared, &sum.finish()),
        Ok(false) => return refusal,
        Err(failure) => Err(failure),
    };
    compared.err().unwrap_or(refusal)
}
