//! HLS-M26: SCORE on all variants or on none.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::hls::Variant;
use crate::report::Severity;
use crate::view::View;

/// SCORE on all variants or on none.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M26",
    severity: Severity::Warn,
    spec: "Apple HLS Authoring 9.19",
    set: RuleSet::Standard,
    title: "SCORE on all variants or on none",
    doc: "A player compares scores only where every variant has one.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let variants = view.variants();
    let has = |v: &&Variant| v.attributes.get("SCORE").is_some();
    if !variants.iter().any(|v| has(&v)) {
        return;
    }
    for variant in variants.iter().filter(|v| !has(v)) {
        out.line(
            MULTIVARIANT,
            variant.line,
            "SCORE as the others have it",
            "none",
        );
    }
}
