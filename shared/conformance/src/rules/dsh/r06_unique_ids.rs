//! DSH-06: ids are unique.

use std::collections::BTreeSet;

use super::super::{Findings, Rule, RuleSet};
use crate::dash::Element;
use crate::delivery::MPD;
use crate::report::Severity;
use crate::view::View;

/// Ids are unique.
pub(super) static RULE: Rule = Rule {
    id: "DSH-06",
    severity: Severity::Fail,
    spec: "ISO/IEC 23009-1 5.3.2.2, 5.3.3.2, 5.3.5.2",
    set: RuleSet::Standard,
    title: "ids are unique",
    doc: "Of periods in the MPD, of adaptation sets and representations in a period: templates and players address them by id.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(mpd) = view.mpd else { return };
    unique("Period", mpd.periods.iter().map(|p| &p.element), out);
    for period in &mpd.periods {
        unique("AdaptationSet", period.sets.iter().map(|s| &s.element), out);
        let all = period.sets.iter().flat_map(|s| &s.representations);
        for representation in all.clone().filter(|r| r.element.get("id").is_none()) {
            out.line(
                MPD,
                representation.element.line,
                "Representation@id",
                "none",
            );
        }
        unique("Representation", all.map(|r| &r.element), out);
    }
}

fn unique<'a>(what: &str, elements: impl Iterator<Item = &'a Element>, out: &mut Findings) {
    let mut seen = BTreeSet::new();
    for element in elements {
        if let Some(id) = element.get("id").filter(|id| !seen.insert(*id)) {
            out.line(
                MPD,
                element.line,
                format!("{what}@id {id:?} once"),
                "it twice",
            );
        }
    }
}
