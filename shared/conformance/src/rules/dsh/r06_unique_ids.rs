use std::collections::BTreeSet;

use crate::dash::Element;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-06",
    basis: &[must(Dash, "ISO/IEC 23009-1 5.3.2.2, 5.3.3.2, 5.3.5.2")],
    parts: &[],
    title: "ids are unique",
    doc: "Period ids are unique in the MPD; ids of adaptation sets and representations are unique in a period. \
          Templates and clients refer to them by id.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(mpd) = view.mpd else { return };
    out.seen();
    unique("Period", mpd.periods.iter().map(|p| &p.element), out);
    for period in &mpd.periods {
        unique("AdaptationSet", period.sets.iter().map(|s| &s.element), out);
        let representations = period.sets.iter().flat_map(|s| &s.representations);
        let elements = representations.map(|r| &r.element);
        for element in elements.clone().filter(|e| e.get("id").is_none()) {
            out.mpd(element.line, "Representation@id", "none");
        }
        unique("Representation", elements, out);
    }
}

fn unique<'a>(what: &str, elements: impl Iterator<Item = &'a Element>, out: &mut Findings) {
    let mut seen = BTreeSet::new();
    for element in elements {
        if let Some(id) = element.get("id").filter(|id| !seen.insert(*id)) {
            out.mpd(
                element.line,
                format!("{what}@id {id:?} once"),
                "a duplicate",
            );
        }
    }
}
