//! HLS-M24: all variants have one aspect ratio.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::measure::within_percent;
use crate::report::Severity;
use crate::view::View;

/// All variants have one aspect ratio.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M24",
    severity: Severity::Warn,
    spec: "Apple HLS Authoring 1.33",
    set: RuleSet::Standard,
    title: "all variants have one aspect ratio",
    doc: "A picture that changes its shape when the player changes the rung was scaled wrongly. Rounding to even sizes is allowed for: 2 %.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let mut sizes = view
        .variants()
        .iter()
        .filter_map(|v| Some((v.line, v.resolution()?)));
    let Some((_, (w, h))) = sizes.next() else {
        return;
    };
    for (line, (width, height)) in sizes {
        let (a, b) = (
            u64::from(w) * u64::from(height),
            u64::from(width) * u64::from(h),
        );
        if !within_percent(a, b, 2) {
            let expected = format!("the aspect ratio of {w}x{h}");
            out.line(MULTIVARIANT, line, expected, format!("{width}x{height}"));
        }
    }
}
