//! HLS-M09: BANDWIDTH is not below the largest sum over playable combinations.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::report::Severity;
use crate::view::{Track, View};

/// BANDWIDTH is not below the largest sum over playable combinations.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M09",
    severity: Severity::Fail,
    spec: "RFC 8216 4.3.4.2, Apple HLS Authoring 9.13",
    set: RuleSet::Standard,
    title: "BANDWIDTH is not below the largest sum over playable combinations",
    doc: "It must be the sum of the peaks of the video and of the loudest audio rendition: a player that trusts a lower value stalls.",
    check,
};

/// A thousandth: what two ways of rounding durations may differ by.
const ROUNDING: u64 = 1_000;

fn check(view: &View<'_>, out: &mut Findings) {
    for variant in view.variants() {
        let both = variant.bandwidth().zip(view.combined(variant, Track::peak));
        if let Some((declared, sum)) = both.filter(|(d, s)| d.saturating_add(d / ROUNDING) < *s) {
            let expected = format!("BANDWIDTH of at least {sum} bit/s, video and audio together");
            out.line(
                MULTIVARIANT,
                variant.line,
                expected,
                format!("{declared} bit/s"),
            );
        }
    }
}
