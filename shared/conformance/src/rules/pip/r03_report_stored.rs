use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "PIP-03",
    basis: &[may(Reelsmith, "the promises of this pipeline")],
    parts: &[],
    title: "the report is stored, and announcements reference it",
    doc: "A check cannot find its own report stored, so the rule judges the report of an earlier check when a \
          published output is checked again.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(facts) = view.evidence().and_then(|e| e.report.as_ref()) else {
        return out.not_judged("no earlier report is given");
    };
    out.seen();
    let Some(stored) = &facts.stored else {
        return out.output("a stored report", "none");
    };
    for announced in facts
        .announced
        .iter()
        .filter(|a| a.as_ref() != Some(stored))
    {
        let expected = format!("an announcement that references {stored}");
        out.output(expected, announced.as_deref().unwrap_or("no report"));
    }
}
