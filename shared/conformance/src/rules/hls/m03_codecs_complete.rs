//! HLS-M03: CODECS names every codec of the variant and of its audio group.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::report::Severity;
use crate::view::View;

/// CODECS names every codec of the variant and of its audio group.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M03",
    severity: Severity::Fail,
    spec: "RFC 8216 4.3.4.2, Apple HLS Authoring 9.1",
    set: RuleSet::Standard,
    title: "CODECS names every codec of the variant and of its audio group",
    doc: "A client decides by CODECS whether it can play a variant at all. Whether profile and level agree is SEG-10.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for variant in view.variants() {
        if variant.attributes.get("CODECS").is_none() {
            out.line(MULTIVARIANT, variant.line, "CODECS", "none");
            continue;
        }
        let declared = variant.codecs();
        let tracks = view.track_of(variant).into_iter();
        for track in tracks.chain(view.audio_of(variant)) {
            let Some(init) = track.init else { continue };
            if !declared
                .iter()
                .any(|c| c.split('.').next() == Some(init.entry.as_str()))
            {
                let expected = format!("CODECS with {} for {}", init.codec, track.path);
                out.line(MULTIVARIANT, variant.line, expected, declared.join(","));
            }
        }
    }
}
