use crate::dash::xs_duration;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-05",
    basis: &[should(DashIf, "DASH-IF IOP 3.2.7.4")],
    parts: &[],
    title: "durations have no years or months",
    doc: "The length of a year or month depends on its start. Clients that assume 30 days for a month disagree with \
          those that do not.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(mpd) = view.mpd else { return };
    out.seen();
    let periods = mpd.periods.iter().map(|p| &p.element);
    for element in std::iter::once(&mpd.root).chain(periods) {
        for (name, value) in &element.attributes {
            if xs_duration(value).is_some_and(|d| d.calendar) {
                out.mpd(
                    element.line,
                    format!("{name} without years or months"),
                    value,
                );
            }
        }
    }
}
