use crate::hls::Attributes;
use crate::path::resolve;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P12",
    basis: &[must(Rfc, "RFC 8216 4.3.2.4")],
    parts: &[&KEY_STORED],
    title: "EXT-X-KEY is complete, and the key is not in the output",
    doc: "METHOD is known and fits the scheme of the media, URI is present unless METHOD is NONE, and IV has 128 bits. A key object stored with the \
          segments protects nothing.",
    check,
};

const KEY_STORED: RulePart = RulePart {
    title: "the key is not stored beside the segments",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
};

const METHODS: [&str; 4] = ["NONE", "AES-128", "SAMPLE-AES", "SAMPLE-AES-CTR"];

fn check(view: &View<'_>, out: &mut Findings) {
    for (path, playlist) in view.delivery.playlists() {
        for key in out.each(&playlist.keys) {
            check_key(view, path, key.line, &key.value, out);
        }
    }
    for rendition in &view.renditions {
        let scheme = rendition
            .init
            .and_then(|i| Some(&*i.protection.as_ref()?.scheme));
        for key in &rendition.playlist.keys {
            let expected = match (key.value.get("METHOD"), scheme) {
                (Some("SAMPLE-AES-CTR"), Some("cbcs" | "cbc1")) => {
                    "SAMPLE-AES with the scheme cbcs"
                }
                (Some("SAMPLE-AES"), Some("cenc" | "cens")) => {
                    "SAMPLE-AES-CTR with the scheme cenc"
                }
                _ => continue,
            };
            let found = key.value.get("METHOD").unwrap_or_default();
            out.line(&rendition.path, key.line, expected, found);
        }
    }
}

fn check_key(view: &View<'_>, path: &str, line: u32, key: &Attributes, out: &mut Findings) {
    let method = key.get("METHOD").unwrap_or("none");
    if !METHODS.contains(&method) {
        out.line(path, line, "a known METHOD", method);
    }
    let stored = |uri: &str| resolve(path, uri).is_ok_and(|p| view.object(&p).is_some());
    match key.get("URI") {
        None if method != "NONE" => {
            out.line(path, line, "URI with a METHOD other than NONE", "none");
        }
        Some(uri) if stored(uri) => {
            out.of(&KEY_STORED)
                .line(path, line, "a key outside of the output", uri);
        }
        _ => {}
    }
    if let Some(iv) = key.get("IV").filter(|iv| iv.len() > 34) {
        out.line(path, line, "an IV of 128 bits", iv);
    }
}
