//! HLS-M08: AVERAGE-BANDWIDTH is within 10 % of the measured average.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::measure::within_percent;
use crate::report::Severity;
use crate::view::{Track, View};

/// AVERAGE-BANDWIDTH is within 10 % of the measured average.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M08",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 1.26",
    set: RuleSet::Standard,
    title: "AVERAGE-BANDWIDTH is within 10 % of the measured average",
    doc: "Measured over the segments of the variant plus those of its loudest audio rendition.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for variant in view.variants() {
        let both = variant
            .average_bandwidth()
            .zip(view.combined(variant, Track::average));
        if let Some((declared, measured)) = both.filter(|(d, m)| !within_percent(*m, *d, 10)) {
            let expected =
                format!("AVERAGE-BANDWIDTH within 10 % of the measured {measured} bit/s");
            out.line(
                MULTIVARIANT,
                variant.line,
                expected,
                format!("{declared} bit/s"),
            );
        }
    }
}
