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

/// Why a reference has no path below the output prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unresolved {
    /// A valid reference that leads out of the package, with the reason: it cannot be judged from the files.
    Outside(String),
    /// Not a valid reference, with the reason.
    Invalid(String),
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Outside(reason) | Self::Invalid(reason)) = self;
        f.write_str(reason)
    }
}

/// Resolves `uri`, found in the document at `document`, to a path below the output prefix (RFC 3986, 5.2). A query or a
/// fragment is no part of the path.
///
/// # Errors
/// The URI and why it has no path.
pub(crate) fn resolve(document: &str, uri: &str) -> Result<String, Unresolved> {
    let invalid = |reason: &str| Unresolved::Invalid(format!("{}, which {reason}", quoted(uri)));
    let outside = |reason: &str| Unresolved::Outside(format!("{}, which {reason}", quoted(uri)));
    if let Some(reason) = malformed(uri) {
        return Err(invalid(reason));
    }
    if has_scheme(uri) {
        return Err(outside("has a scheme"));
    }
    if uri.starts_with('/') {
        return Err(outside("is absolute"));
    }
    let end = uri.find(['?', '#']).unwrap_or(uri.len());
    let decoded = percent_decode(&uri[..end]).ok_or_else(|| invalid("is badly percent-encoded"))?;
    let mut path = match (decoded.is_empty(), document.rsplit_once('/')) {
        (true, _) => document.split('/').collect(),
        (false, Some((folder, _))) => folder.split('/').collect::<Vec<_>>(),
        (false, None) => Vec::new(),
    };
    for part in decoded.split('/') {
        match part {
            "" | "." => {}
            ".." if path.pop().is_none() => return Err(outside("leads out of the package")),
            ".." => {}
            part => path.push(part),
        }
    }
    let path = path.join("/");
    if path.len() > MAX_KEY {
        return Err(Unresolved::Invalid(format!(
            "a path of {} bytes",
            path.len()
        )));
    }
    Ok(path)
}

/// Joins a reference with the base that applies to it (RFC 3986, 5.2.3). An empty base is the document itself.
pub(crate) fn join(base: &str, uri: &str) -> String {
    if uri.is_empty() {
        return base.to_owned();
    }
    if base.is_empty() || has_scheme(uri) || uri.starts_with("//") {
        return uri.to_owned();
    }
    let authority = base.find("://").map_or(0, |at| at + 3);
    let end = base.find(['?', '#']).unwrap_or(base.len());
    let slash = base[..end].rfind('/').filter(|at| *at >= authority);
    if uri.starts_with('/') {
        let root = base[authority..].find('/').map(|at| authority + at);
        let root = if authority > 0 {
            root.unwrap_or(end)
        } else {
            0
        };
        return format!("{}{uri}", &base[..root]);
    }
    match slash {
        Some(at) => format!("{}{uri}", &base[..=at]),
        None if authority > 0 => format!("{}/{uri}", &base[..end]),
        None => uri.to_owned(),
    }
}

/// Whether a reference starts with a scheme (RFC 3986, 3.1).
pub(crate) fn has_scheme(uri: &str) -> bool {
    let name = uri.split([':', '/', '?', '#']).next().unwrap_or_default();
    let valid = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    uri[name.len()..].starts_with(':')
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(valid)
}

fn quoted(uri: &str) -> String {
    format!("{:?}", crate::fault::shorten(uri))
}

fn malformed(uri: &str) -> Option<&'static str> {
    let lower = uri.to_ascii_lowercase();
    let path = lower.split(['?', '#']).next().unwrap_or_default();
    [
        (uri.is_empty(), "is empty"),
        (uri.chars().any(char::is_control), "has a control character"),
        (uri.contains('\\'), "has a backslash"),
        (
            ["%2e", "%2f", "%5c", "%00"]
                .iter()
                .any(|e| path.contains(e)),
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
            ("master.m3u8", "video/a/p.m3u8", "video/a/p.m3u8"),
            ("video/a/p.m3u8", "seg_1.m4s", "video/a/seg_1.m4s"),
            ("video/a/p.m3u8", "./x%20y.m4s", "video/a/x y.m4s"),
            ("video/a/p.m3u8", "../b/./x.m4s", "video/b/x.m4s"),
            ("video/a/p.m3u8", "../../x.m4s", "x.m4s"),
            ("a/p.m3u8", "x.m4s?token=a/../b%2Fc#t=1", "a/x.m4s"),
        ] {
            assert_eq!(resolve(document, uri).as_deref(), Ok(path));
        }
    }

    #[test]
    fn a_reference_out_of_the_package_is_not_invalid() {
        for uri in ["/x", "//host/x", "https://host/x", "data:x", "../../../x"] {
            let found = resolve("video/a/playlist.m3u8", uri);
            assert!(matches!(found, Err(Unresolved::Outside(_))), "{uri:?}");
        }
    }

    #[test]
    fn a_malformed_uri_is_refused() {
        for uri in [
            "", "%2e%2e/x", "a%2Fb", "a\\b", "a\u{7}b", "%zz", "%", "%0a",
        ] {
            let found = resolve("video/a/playlist.m3u8", uri);
            assert!(matches!(found, Err(Unresolved::Invalid(_))), "{uri:?}");
        }
        assert!(resolve("a", &"x".repeat(1_025)).is_err());
    }

    #[test]
    fn a_base_ends_at_its_last_slash() {
        for (base, uri, joined) in [
            ("", "a/b", "a/b"),
            ("v/", "s.m4s", "v/s.m4s"),
            ("v/file.mp4", "", "v/file.mp4"),
            ("v/file.mp4", "s.m4s", "v/s.m4s"),
            ("file.mp4", "s.m4s", "s.m4s"),
            ("v/", "../s.m4s", "v/../s.m4s"),
            ("v/", "https://host/s", "https://host/s"),
            ("https://host/v/?q=/", "s", "https://host/v/s"),
            ("https://host", "s", "https://host/s"),
            ("https://host/v/", "/s", "https://host/s"),
            ("v/", "/s", "/s"),
        ] {
            assert_eq!(join(base, uri), joined, "{base} {uri}");
        }
    }

    proptest! {
        #[test]
        fn a_resolved_path_never_leads_upwards(uri in "[a./%2eE\\\\]{0,12}") {
            if let Ok(path) = resolve("video/a/p.m3u8", &uri) {
                prop_assert!(path.split('/').all(|p| p != ".."));
            }
        }
    }
}
