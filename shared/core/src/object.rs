//! Names of objects in S3: a bucket and a key, or one exact version of an object.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

/// An object by bucket and key; whichever version is the newest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectRef {
    pub bucket: String,
    pub key: String,
}

impl ObjectRef {
    /// Builds a reference from a bucket and a key.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            bucket: bucket.into(),
            key: key.into(),
        }
    }
}

/// A name, then its other Unicode forms: composed (NFC), and decomposed (NFD) as macOS writes it. They are the same text,
/// but different keys of S3 and different files.
pub fn spellings(name: &str) -> Vec<String> {
    let mut spellings = vec![name.to_owned()];
    for other in [name.nfc().collect(), name.nfd().collect()] {
        if !spellings.contains(&other) {
            spellings.push(other);
        }
    }
    spellings
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// One exact version of an object. Every read after validation demands this version.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ObjectPin {
    #[serde(flatten)]
    pub object: ObjectRef,
    /// Absent if the bucket is not versioned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// The entity tag, without quotes.
    pub etag: String,
    /// Size in bytes.
    pub size: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_accents_has_two_forms() {
        assert_eq!(spellings("a/film.mov"), ["a/film.mov"]);
        let (composed, decomposed) = ("caf\u{e9}.mov", "cafe\u{301}.mov");
        assert_eq!(spellings(composed), [composed, decomposed]);
        assert_eq!(spellings(decomposed), [decomposed, composed]);
        let mixed = "caf\u{e9} cafe\u{301}";
        assert_eq!(spellings(mixed).len(), 3);
    }
}
