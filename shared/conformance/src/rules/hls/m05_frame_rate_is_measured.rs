//! HLS-M05: FRAME-RATE is present, is the measured one, and is at most 60.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::report::Severity;
use crate::view::{Track, View};

/// FRAME-RATE is present, is the measured one, and is at most 60.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M05",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 9.15, 1.19",
    set: RuleSet::Standard,
    title: "FRAME-RATE is present, is the measured one, and is at most 60",
    doc: "Measured as frames over the media duration, to three decimals as the attribute has them.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for variant in view.variants().iter().filter(|v| v.has_video()) {
        let Some(declared) = variant.frame_rate_milli() else {
            out.line(MULTIVARIANT, variant.line, "FRAME-RATE", "none");
            continue;
        };
        if declared > 60_000 {
            out.line(
                MULTIVARIANT,
                variant.line,
                "a FRAME-RATE of at most 60",
                milli(declared),
            );
        }
        let measured = view.track_of(variant).and_then(Track::frame_rate_milli);
        if let Some(measured) = measured.filter(|m| m.abs_diff(declared) > 1) {
            let expected = format!("FRAME-RATE={} as measured", milli(measured));
            out.line(MULTIVARIANT, variant.line, expected, milli(declared));
        }
    }
}

fn milli(rate: u64) -> String {
    format!("{}.{:03}", rate / 1_000, rate % 1_000)
}
