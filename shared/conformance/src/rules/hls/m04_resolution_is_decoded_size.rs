//! HLS-M04: RESOLUTION is present and is the decoded size.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::report::Severity;
use crate::view::{Track, View};

/// RESOLUTION is present and is the decoded size.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M04",
    severity: Severity::Fail,
    spec: "RFC 8216 4.3.4.2, Apple HLS Authoring 9.2",
    set: RuleSet::Standard,
    title: "RESOLUTION is present and is the decoded size",
    doc: "Players choose by it and size their surface by it. It is compared with the sequence parameter set, or with the sample entry of HEVC.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for variant in view.variants().iter().filter(|v| v.has_video()) {
        let Some((width, height)) = variant.resolution() else {
            out.line(MULTIVARIANT, variant.line, "RESOLUTION", "none");
            continue;
        };
        let Some((w, h)) = view.track_of(variant).and_then(Track::picture) else {
            continue;
        };
        if (w, h) != (width, height) {
            let expected = format!("RESOLUTION={w}x{h} as coded");
            out.line(
                MULTIVARIANT,
                variant.line,
                expected,
                format!("{width}x{height}"),
            );
        }
    }
}
