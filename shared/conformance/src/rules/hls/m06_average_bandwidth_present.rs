//! HLS-M06: AVERAGE-BANDWIDTH is present.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::report::Severity;
use crate::view::View;

/// AVERAGE-BANDWIDTH is present.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M06",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 9.14",
    set: RuleSet::Standard,
    title: "AVERAGE-BANDWIDTH is present",
    doc: "Without it a client must take the peak for the average, and plays a worse rung than it could.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for variant in view.variants() {
        if variant.average_bandwidth().is_none() {
            out.line(MULTIVARIANT, variant.line, "AVERAGE-BANDWIDTH", "none");
        }
    }
}
