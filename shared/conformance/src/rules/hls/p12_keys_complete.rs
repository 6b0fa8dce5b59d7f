//! HLS-P12: EXT-X-KEY is complete, and the key is not in the output.

use super::super::{Findings, Rule, RuleSet};
use crate::hls::Attributes;
use crate::path::resolve;
use crate::report::Severity;
use crate::view::View;

/// EXT-X-KEY is complete, and the key is not in the output.
pub(super) static RULE: Rule = Rule {
    id: "HLS-P12",
    severity: Severity::Fail,
    spec: "RFC 8216 4.3.2.4",
    set: RuleSet::Standard,
    title: "EXT-X-KEY is complete, and the key is not in the output",
    doc: "METHOD is known, URI is there unless it is NONE, IV has 128 bits. A key object beside the segments protects nothing.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for (path, playlist) in view.delivery.playlists() {
        for key in &playlist.keys {
            for (expected, found) in wrong(path, &key.value, view) {
                out.line(path, key.line, expected, found);
            }
        }
    }
}

fn wrong(path: &str, key: &Attributes, view: &View<'_>) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    let method = key.get("METHOD").unwrap_or("none");
    if !matches!(method, "NONE" | "AES-128" | "SAMPLE-AES" | "SAMPLE-AES-CTR") {
        out.push(("a known METHOD", method.to_owned()));
    }
    match key.get("URI") {
        None if method != "NONE" => {
            out.push(("URI with a METHOD other than NONE", "none".to_owned()));
        }
        Some(uri) if resolve(path, uri).is_ok_and(|p| view.delivery.objects.contains_key(&p)) => {
            out.push(("a key outside of the output", uri.to_owned()));
        }
        _ => {}
    }
    if let Some(iv) = key.get("IV").filter(|iv| iv.len() != 34) {
        out.push(("an IV of 128 bits", iv.to_owned()));
    }
    out
}
