//! DSH-05: no years or months in durations.

use super::super::{Findings, Rule, RuleSet};
use crate::dash::xs_duration;
use crate::delivery::MPD;
use crate::report::Severity;
use crate::view::View;

/// No years or months in durations.
pub(super) static RULE: Rule = Rule {
    id: "DSH-05",
    severity: Severity::Warn,
    spec: "ISO/IEC 23009-1 5.3.1.2, DASH-IF IOP 3.2.7.4",
    set: RuleSet::Standard,
    title: "no years or months in durations",
    doc: "Their length depends on when they start; players that count 30 days a month disagree with those that do not.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(mpd) = view.mpd else { return };
    let periods = mpd.periods.iter().map(|p| &p.element);
    for element in std::iter::once(&mpd.root).chain(periods) {
        for (name, value) in &element.attributes {
            if xs_duration(value).is_some_and(|d| d.calendar) {
                out.line(
                    MPD,
                    element.line,
                    format!("{name} without years or months"),
                    value,
                );
            }
        }
    }
}
