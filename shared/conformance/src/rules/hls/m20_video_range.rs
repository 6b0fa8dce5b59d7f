//! HLS-M20: VIDEO-RANGE where anything is HDR, and an SDR variant beside it.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::hls::Variant;
use crate::report::Severity;
use crate::view::{Track, View};

/// VIDEO-RANGE where anything is HDR, and an SDR variant beside it.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M20",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 9.16, 1.24",
    set: RuleSet::Standard,
    title: "VIDEO-RANGE where anything is HDR, and an SDR variant beside it",
    doc: "A screen without HDR shows PQ and HLG washed out; players choose by VIDEO-RANGE.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let hdr = |v: &&Variant| view.track_of(v).is_some_and(is_hdr);
    let variants = view.variants();
    if !variants.iter().any(|v| hdr(&v)) {
        return;
    }
    for variant in variants {
        let expected = match view.track_of(variant).and_then(transfer) {
            Some(16) => "PQ",
            Some(18) => "HLG",
            _ => "SDR",
        };
        let found = variant.attributes.get("VIDEO-RANGE").unwrap_or("none");
        if found != expected {
            out.line(
                MULTIVARIANT,
                variant.line,
                format!("VIDEO-RANGE={expected}"),
                found,
            );
        }
    }
    if variants.iter().all(|v| hdr(&v)) {
        out.add(MULTIVARIANT, None, "an SDR variant beside HDR", "none");
    }
}

fn transfer(track: &Track<'_>) -> Option<u16> {
    let init = track.init?;
    let colour = init.colour.or_else(|| init.sps?.vui.colour)?;
    Some(colour.transfer)
}

fn is_hdr(track: &Track<'_>) -> bool {
    matches!(transfer(track), Some(16 | 18))
}
