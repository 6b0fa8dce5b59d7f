//! Every byte of the mezzanine, once: size and checksums against what the delivery says.

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use reelsmith_contract::{ErrorName, Failure};
use reelsmith_core::digest::{Checksummer, Checksums};
use reelsmith_core::manifest::Mezzanine;
use reelsmith_core::ports::{ObjectPin, ObjectStore};

/// Bytes of one ranged read.
const BLOCK: u64 = 8 << 20;
/// Reads in flight: the next blocks arrive while one is hashed.
const AHEAD: usize = 3;
/// Bytes kept for judging the container.
const HEAD: usize = 4_096;

/// What reading everything gave.
pub(crate) struct Read {
    /// The checksums.
    pub checksums: Checksums,
    /// The first bytes.
    pub head: Vec<u8>,
}

/// Compares the size; an empty file is an error of its own.
pub(crate) fn expect_size(pin: &ObjectPin, declared: &Mezzanine) -> Result<(), Failure> {
    let location = pin.object.to_string();
    if pin.size == 0 {
        return Err(Failure::new(
            ErrorName::MezzanineEmpty,
            format!("{}", declared.file_size),
            "0 bytes",
            location,
            "the upload did not finish or the wrong file was sent: upload the mezzanine again, then drop the manifest again",
        ));
    }
    if pin.size == declared.file_size.0 {
        return Ok(());
    }
    Err(Failure::new(
        ErrorName::MezzanineSizeMismatch,
        format!("{} (Mezzanine/FileSizeBytes)", declared.file_size),
        format!("{} bytes", pin.size),
        location,
        "compare with the delivery: upload the right file, or correct the manifest; then drop the manifest again",
    ))
}

/// Reads all blocks in order.
pub(crate) async fn read_all(
    store: &Arc<dyn ObjectStore>,
    pin: &ObjectPin,
) -> Result<Read, Failure> {
    let blocks = (0..pin.size.div_ceil(BLOCK)).map(|n| {
        let (start, end) = (n * BLOCK, ((n + 1) * BLOCK).min(pin.size));
        async move { store.get_range(pin, start, end).await }
    });
    let mut blocks = std::pin::pin!(futures::stream::iter(blocks).buffered(AHEAD));
    let (mut sum, mut head) = (Checksummer::default(), Vec::new());
    while let Some(block) = blocks
        .try_next()
        .await
        .map_err(|e| Failure::storage(&e, &pin.object))?
    {
        if head.len() < HEAD {
            let wanted = (HEAD - head.len()).min(block.len());
            head.extend_from_slice(&block[..wanted]);
        }
        sum.update(&block);
    }
    Ok(Read {
        checksums: sum.finish(),
        head,
    })
}

/// Compares the checksums. An xxHash of 32 digits is XXH3-128; of 16 digits it is xxHash64 or XXH3-64, whichever fits.
pub(crate) fn expect_equal(
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
