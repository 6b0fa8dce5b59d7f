//! The checksums of a delivery, computed in one pass, and SHA-256.

use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use xxhash_rust::xxh3::Xxh3;
use xxhash_rust::xxh64::Xxh64;

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

/// Computes all checksums of a stream of bytes.
#[derive(Default)]
pub struct Checksummer {
    md5: Md5,
    xxh64: Xxh64,
    xxh3: Xxh3,
    sha256: Sha256,
    length: u64,
}

impl Checksummer {
    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.xxh64.update(bytes);
        self.xxh3.update(bytes);
        self.sha256.update(bytes);
        self.length += bytes.len() as u64;
    }

    /// Number of bytes added so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The checksums of all bytes added.
    pub fn finish(self) -> Checksums {
        Checksums {
            md5: hex::encode(self.md5.finalize()),
            xxh64: format!("{:016x}", self.xxh64.digest()),
            xxh3_64: format!("{:016x}", self.xxh3.digest()),
            xxh3_128: format!("{:032x}", self.xxh3.digest128()),
            sha256: hex::encode(self.sha256.finalize()),
        }
    }
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
