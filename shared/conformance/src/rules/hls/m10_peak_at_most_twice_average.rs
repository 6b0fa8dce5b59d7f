//! HLS-M10: the peak is at most twice the average.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::{Kind, View};

/// The peak is at most twice the average.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M10",
    severity: Severity::Warn,
    spec: "Apple HLS Authoring 1.30",
    set: RuleSet::Standard,
    title: "the peak is at most twice the average",
    doc: "A rung whose peak is far above its average stalls on networks that its average promises to suit. Lower maxrate or the buffer.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for track in view.of(Kind::Video) {
        let Some((peak, average)) = track.peak().zip(track.average()) else {
            continue;
        };
        if peak > average.saturating_mul(2) {
            let expected = format!("a peak of at most {} bit/s", average.saturating_mul(2));
            out.add(&track.path, None, expected, format!("{peak} bit/s"));
        }
    }
}
