//! The checksums of a delivery, computed in one pass, and SHA-256.

use md5::digest::common::hazmat::{SerializableState, SerializedState};
use md5::{Digest as _, Md5};
use reelsmith_xxhash::XxHash;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// All checksums of one object, in lower-case hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksums {
    /// 32 digits: the checksum that a delivery usually states.
    pub md5: String,
    /// xxHash64 with seed 0, 16 digits.
    pub xxh64: String,
    /// XXH3 with 64 bits, 16 digits.
    pub xxh3_64: String,
    /// XXH3 with 128 bits, 32 digits.
    pub xxh3_128: String,
    /// 64 digits: the checksum that identifies the mezzanine after validation.
    pub sha256: String,
}

/// Computes all checksums of a stream of bytes. The state can be stored between two bytes, so that another process
/// continues.
#[derive(Default)]
pub struct Checksummer {
    md5: Md5,
    xxhash: XxHash,
    sha256: Sha256,
    length: u64,
}

/// The stored state of a [`Checksummer`]. The states of MD5 and SHA-256 are in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecksumState {
    /// Number of bytes added so far.
    pub length: u64,
    md5: String,
    sha256: String,
    xxhash: XxHash,
}

impl Checksummer {
    /// Continues from a stored state; `None` if it is damaged.
    pub fn resume(state: &ChecksumState) -> Option<Self> {
        Some(Self {
            md5: loaded(&state.md5)?,
            sha256: loaded(&state.sha256)?,
            xxhash: state.xxhash.clone(),
            length: state.length,
        })
    }

    /// The state, to be stored.
    pub fn state(&self) -> ChecksumState {
        ChecksumState {
            length: self.length,
            md5: hex::encode(self.md5.serialize()),
            sha256: hex::encode(self.sha256.serialize()),
            xxhash: self.xxhash.clone(),
        }
    }

    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.xxhash.update(bytes);
        self.sha256.update(bytes);
        self.length += bytes.len() as u64;
    }

    /// Number of bytes added so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The checksums of all bytes added.
    pub fn finish(self) -> Checksums {
        let xxhash = self.xxhash.finish();
        Checksums {
            md5: hex::encode(self.md5.finalize()),
            xxh64: format!("{:016x}", xxhash.xxh64),
            xxh3_64: format!("{:016x}", xxhash.xxh3_64),
            xxh3_128: format!("{:032x}", xxhash.xxh3_128),
            sha256: hex::encode(self.sha256.finalize()),
        }
    }
}

fn loaded<H: SerializableState>(state: &str) -> Option<H> {
    let bytes = hex::decode(state).ok()?;
    let state = SerializedState::<H>::try_from(&bytes[..]).ok()?;
    H::deserialize(&state).ok()
}

/// Computes SHA-256 of a stream of bytes.
#[derive(Default)]
pub struct Sha256Stream(Sha256);

impl Sha256Stream {
    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes added, in lower-case hexadecimal.
    pub fn finish(self) -> String {
        hex::encode(self.0.finalize())
    }
}

/// SHA-256 of some bytes in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_state_continues_to_the_same_checksums() {
        let bytes: Vec<u8> = (0..50_000_u32).map(|n| (n % 253) as u8).collect();
        let mut whole = Checksummer::default();
        whole.update(&bytes);
        let expected = whole.finish();
        for cut in [0, 1, 63, 64, 1_000, 1_024, 1_025, 33_333, 50_000] {
            let mut first = Checksummer::default();
            first.update(&bytes[..cut]);
            let stored = serde_json::to_string(&first.state()).unwrap();
            let state: ChecksumState = serde_json::from_str(&stored).unwrap();
            let mut second = Checksummer::resume(&state).unwrap();
            assert_eq!(second.length(), cut as u64);
            second.update(&bytes[cut..]);
            assert_eq!(second.finish(), expected, "cut at {cut}");
        }
        let mut damaged = Checksummer::default().state();
        damaged.md5.pop();
        assert!(Checksummer::resume(&damaged).is_none());
    }

    #[test]
    fn known_answers() {
        let mut sum = Checksummer::default();
        sum.update(b"a");
        sum.update(b"bc");
        assert_eq!(sum.length(), 3);
        let sums = sum.finish();
        assert_eq!(sums.md5, "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(sums.xxh64, "44bc2cf5ad770999");
        assert_eq!(sums.xxh3_64, "78af5f94892f3950");
        assert_eq!(sums.xxh3_128, "06b05ab6733a618578af5f94892f3950");
        assert_eq!(sums.sha256, sha256_hex(b"abc"));
        assert!(sums.sha256.starts_with("ba7816bf"));
        let mut stream = Sha256Stream::default();
        stream.update(b"a");
        stream.update(b"bc");
        assert_eq!(stream.finish(), sums.sha256);
    }
}
