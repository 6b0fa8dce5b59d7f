//! References: resolving a URI of a playlist or an MPD to a path below the output prefix, and parts of objects.

use std::fmt;

/// Longest S3 key in bytes.
const MAX_KEY: usize = 1_024;

/// An object or a part of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// Path below the output prefix.
    pub path: String,
    /// Offset and length in bytes; `None` for the whole object.
    pub range: Option<(u64, u64)>,
}

impl Part {
    /// A whole object.
    pub fn whole(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            range: None,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.range {
            Some((offset, length)) => write!(f, "{}[{length}@{offset}]", self.path),
            None => f.write_str(&self.path),
        }
    }
}

/// Resolves `uri`, found in the document at `document`, to a path below the output prefix.
///
/// # Errors
/// The URI and why it is refused: only relative references that stay inside the prefix are allowed.
pub(crate) fn resolve(document: &str, uri: &str) -> Result<String, String> {
    if let Some(reason) = refused(uri) {
        return Err(format!("{uri:?}, which {reason}"));
    }
    let folder = document.rsplit_once('/').map_or("", |(folder, _)| folder);
    let decoded = percent_decode(uri).ok_or_else(|| format!("{uri:?}, badly percent-encoded"))?;
    let parts = folder.split('/').chain(decoded.split('/'));
    let path: Vec<&str> = parts.filter(|p| !p.is_empty() && *p != ".").collect();
    let path = path.join("/");
    if path.len() > MAX_KEY {
        return Err(format!("a path of {} bytes", path.len()));
    }
    Ok(path)
}

fn refused(uri: &str) -> Option<&'static str> {
    let lower = uri.to_ascii_lowercase();
    let first = uri.split('/').next().unwrap_or_default();
    [
        (uri.is_empty(), "is empty"),
        (uri.chars().any(char::is_control), "has a control character"),
        (uri.contains('\\'), "has a backslash"),
        (uri.starts_with('/'), "is absolute"),
        (first.contains(':'), "has a scheme"),
        (uri.contains(['?', '#']), "has a query or a fragment"),
        (uri.split('/').any(|p| p == ".."), "leads upwards"),
        (
            ["%2e", "%2f", "%5c", "%00"]
                .iter()
                .any(|e| lower.contains(e)),
            "hides a path in percent-encoding",
        ),
    ]
    .into_iter()
    .find_map(|(bad, reason)| bad.then_some(reason))
}

fn percent_decode(uri: &str) -> Option<String> {
    if !uri.contains('%') {
        return Some(uri.to_owned());
    }
    let mut bytes = uri.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || char::from(bytes.next()?).to_digit(16);
            out.push((digit()? * 16 + digit()?) as u8);
        } else {
            out.push(byte);
        }
    }
    let text = String::from_utf8(out).ok()?;
    (!text.chars().any(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn relative_references_are_resolved_against_the_document() {
        for (document, uri, path) in [
            (
                "master.m3u8",
                "video/a/playlist.m3u8",
                "video/a/playlist.m3u8",
            ),
            ("video/a/playlist.m3u8", "seg_1.m4s", "video/a/seg_1.m4s"),
            ("video/a/playlist.m3u8", "./x%20y.m4s", "video/a/x y.m4s"),
        ] {
            assert_eq!(resolve(document, uri).as_deref(), Ok(path));
        }
    }

    #[test]
    fn a_uri_that_leaves_the_prefix_is_refused() {
        for uri in [
            "",
            "/x",
            "//host/x",
            "https://host/x",
            "../x",
            "a/../../x",
            "%2e%2e/x",
            "a%2Fb",
            "a\\b",
            "a?b",
            "a#b",
            "data:x",
            "a\u{7}b",
            "%zz",
            "%",
            "%0a",
        ] {
            assert!(resolve("video/a/playlist.m3u8", uri).is_err(), "{uri:?}");
        }
        assert!(resolve("a", &"x".repeat(1_025)).is_err());
    }

    proptest! {
        #[test]
        fn a_resolved_path_never_leads_upwards(uri in "[a./%2eE\\\\]{0,12}") {
            if let Ok(path) = resolve("video/a/p.m3u8", &uri) {
                prop_assert!(path.starts_with("video/a"));
                prop_assert!(path.split('/').all(|p| p != ".."));
            }
        }
    }
}
