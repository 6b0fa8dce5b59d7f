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
        let (Some(declared), Some(track)) = (variant.average_bandwidth(), view.track_of(variant))
        else {
            continue;
        };
        let audio = view.audio_of(variant).filter(|a| a.path != track.path);
        let measured = track.average() + audio.map(Track::average).max().unwrap_or(0);
        if measured > 0 && !within_percent(measured, declared, 10) {
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
