//! HLS-M21: I-frame playlists, with CODECS and RESOLUTION.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::report::Severity;
use crate::view::{Kind, View};

/// I-frame playlists, with CODECS and RESOLUTION.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M21",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 6.1, 9.3, 9.4",
    set: RuleSet::Standard,
    title: "I-frame playlists, with CODECS and RESOLUTION",
    doc: "They are what fast forward and the scrubber's pictures are made of.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    out.parser_faults(view);
    let Some(multivariant) = view.multivariant else {
        return;
    };
    if multivariant.i_frame_variants.is_empty() && view.of(Kind::Video).next().is_some() {
        out.add(MULTIVARIANT, None, "EXT-X-I-FRAME-STREAM-INF", "none");
    }
    for variant in &multivariant.i_frame_variants {
        for needed in ["CODECS", "RESOLUTION"] {
            if variant.attributes.get(needed).is_none() {
                let expected = format!("{needed} in EXT-X-I-FRAME-STREAM-INF");
                out.line(MULTIVARIANT, variant.line, expected, "none");
            }
        }
    }
}
