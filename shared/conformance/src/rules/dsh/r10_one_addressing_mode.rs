//! DSH-10: one way of addressing, with a duration or a timeline.

use super::super::{Findings, Rule, RuleSet};
use crate::dash::Element;
use crate::delivery::MPD;
use crate::report::Severity;
use crate::view::View;

/// One way of addressing, with a duration or a timeline.
pub(super) static RULE: Rule = Rule {
    id: "DSH-10",
    severity: Severity::Fail,
    spec: "ISO/IEC 23009-1 5.3.9.1, 5.3.9.2",
    set: RuleSet::Standard,
    title: "one way of addressing, with a duration or a timeline",
    doc: "At most one of SegmentBase, SegmentTemplate and SegmentList at each level; @duration or SegmentTimeline, never both.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    out.parser_faults(view);
    for set in view
        .mpd
        .into_iter()
        .flat_map(|m| &m.periods)
        .flat_map(|p| &p.sets)
    {
        one_each(&set.addressing, out);
        for representation in &set.representations {
            one_each(&representation.addressing, out);
        }
    }
}

fn one_each(level: &[Element], out: &mut Findings) {
    if let [first, second, ..] = level {
        let kind = |e: &Element| e.get("#kind").unwrap_or_default().to_owned();
        out.line(
            MPD,
            second.line,
            format!("{} alone", kind(first)),
            format!("{} too", kind(second)),
        );
    }
    for element in level {
        if element.get("duration").is_some() && element.get("#timeline").is_some() {
            out.line(MPD, element.line, "@duration or SegmentTimeline", "both");
        }
    }
}
