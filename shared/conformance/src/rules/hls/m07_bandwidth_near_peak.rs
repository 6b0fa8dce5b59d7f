//! HLS-M07: BANDWIDTH is within 10 % of the measured peak.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::measure::within_percent;
use crate::report::Severity;
use crate::view::{Track, View};

/// BANDWIDTH is within 10 % of the measured peak.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M07",
    severity: Severity::Fail,
    spec: "RFC 8216 4.1, Apple HLS Authoring 1.27",
    set: RuleSet::Standard,
    title: "BANDWIDTH is within 10 % of the measured peak",
    doc: "Measured over the segments of the variant plus those of its loudest audio rendition; a peak is the greatest rate of a run of segments of 0.5 to 1.5 target durations.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for variant in view.variants() {
        let both = variant.bandwidth().zip(view.combined(variant, Track::peak));
        if let Some((declared, measured)) = both.filter(|(d, m)| !within_percent(*m, *d, 10)) {
            let expected = format!("BANDWIDTH within 10 % of the measured {measured} bit/s");
            out.line(
                MULTIVARIANT,
                variant.line,
                expected,
                format!("{declared} bit/s"),
            );
        }
    }
}
