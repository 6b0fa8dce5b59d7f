//! CMF-08: cbcs with its pattern and a constant vector.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::{Kind, Track, View};
use reelsmith_isobmff::{Init, Protection};

/// cbcs with its pattern and a constant vector.
pub(super) static RULE: Rule = Rule {
    id: "CMF-08",
    severity: Severity::Fail,
    spec: "CTA Wave HLS interoperability 4.3.2, ISO/IEC 23001-7 10.4",
    set: RuleSet::Standard,
    title: "encryption is declared; cbcs has its pattern and a constant IV of 16 bytes",
    doc: "Judged of encrypted tracks. Video encrypts one block of ten, audio every block. SAMPLE-AES in a playlist means cbcs. Devices that get anything else show nothing.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for track in view.timed() {
        let Some((init, map)) = track.init.zip(track.maps.first()) else {
            continue;
        };
        if !init.encrypted {
            continue;
        }
        if let Some((expected, found)) = wrong(track, init) {
            out.add(&map.path, None, expected, found);
        }
    }
}

fn wrong(track: &Track<'_>, init: &Init) -> Option<(&'static str, String)> {
    let Some(protection) = &init.protection else {
        return Some((
            "schm and tenc in an encrypted sample entry",
            "none".to_owned(),
        ));
    };
    if protection.scheme == "cbcs" {
        return wrong_cbcs(track, protection);
    }
    let mut methods = track.playlist.keys.iter().map(|k| k.value.get("METHOD"));
    let sample_aes = methods.any(|m| m == Some("SAMPLE-AES"));
    sample_aes.then(|| ("the scheme cbcs", protection.scheme.clone()))
}

fn wrong_cbcs(track: &Track<'_>, protection: &Protection) -> Option<(&'static str, String)> {
    let pattern = (protection.crypt, protection.skip);
    // ISO/IEC 23001-7, 10.4.2: without a pattern, or with nothing to skip, whole blocks of a sample are encrypted.
    let (expected, fits) = match track.kind {
        Kind::Video => ("the pattern 1:9", pattern == (1, 9)),
        _ => ("the pattern 10:0 or none", protection.skip == 0),
    };
    if !fits {
        return Some((expected, format!("{}:{}", pattern.0, pattern.1)));
    }
    let length = protection.constant_iv.len();
    if protection.protected && (protection.iv_size != 0 || length != 16) {
        let found = format!("{length} bytes, and {} per sample", protection.iv_size);
        return Some(("a constant IV of 16 bytes", found));
    }
    None
}
