//! Names that several functions must derive in the same way.

use reelsmith_core::digest::sha256_hex;

/// The longest readable part of the name of an execution. With the digest, a name has at most the 80 characters that Step
/// Functions accepts.
const MAX_STEM: usize = 40;

/// The name of the execution that a manifest object starts: `{stem}-{32 hexadecimal digits}`.
///
/// The stem is the file name. The digits are the start of the SHA-256 of bucket, key and version: a repeated event gives the
/// same name, and a new version of the object gives a new one. `key` is the key after URL decoding.
pub fn execution_name(bucket: &str, key: &str, version_id: Option<&str>) -> String {
    let identity = format!("{bucket}\n{key}\n{}", version_id.unwrap_or_default());
    let digest = sha256_hex(identity.as_bytes());
    format!("{}-{}", stem(key), &digest[..32])
}

fn stem(key: &str) -> String {
    let file = key.rsplit('/').next().unwrap_or(key);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || c == '_' {
            c
        } else {
            '-'
        }
    };
    let stem: String = stem.chars().map(safe).collect();
    // A name that begins with a hyphen would be an option to command line tools.
    let stem = stem.trim_start_matches('-');
    let stem: String = stem.chars().take(MAX_STEM).collect();
    if stem.is_empty() {
        "manifest".to_owned()
    } else {
        stem
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_readable_and_differs_by_version() {
        let name = |version| execution_name("in", "manifests/episode 01.xml", version);
        insta::assert_snapshot!(name(None), @"episode-01-6a03a0f20160ab70e68a7d5b88c2a0cd");
        assert_eq!(name(Some("v1")), name(Some("v1")));
        assert_ne!(name(Some("v1")), name(Some("v2")));
        assert_ne!(name(Some("v1")), name(None));
    }

    #[test]
    fn a_name_never_begins_with_a_hyphen() {
        for (key, stem) in [
            ("manifests/-rf.xml", "rf-"),
            ("manifests/[Group] Show - 01.xml", "Group--Show---01-"),
            ("manifests/進撃の巨人 01.xml", "01-"),
            ("manifests/進撃の巨人.xml", "manifest-"),
        ] {
            let name = execution_name("in", key, None);
            assert_eq!(name.len(), stem.len() + 32, "{name}");
            assert!(name.starts_with(stem), "{name}");
        }
    }

    #[test]
    fn a_key_without_a_file_name_gets_a_default_name() {
        assert!(execution_name("in", "manifests/.xml", None).starts_with("manifest-"));
        assert!(execution_name("in", "", None).starts_with("manifest-"));
    }

    proptest! {
        #[test]
        fn step_functions_accepts_every_name(key in ".*", version in proptest::option::of(".*")) {
            let name = execution_name("bucket", &key, version.as_deref());
            prop_assert!((34..=80).contains(&name.len()), "{name}");
            prop_assert!(!name.starts_with('-'), "{name}");
            prop_assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'), "{name}");
        }

        #[test]
        fn different_keys_have_different_names(a in "[a-z]{1,8}", b in "[a-z]{1,8}") {
            prop_assume!(a != b);
            prop_assert_ne!(execution_name("bucket", &a, None), execution_name("bucket", &b, None));
        }
    }
}
