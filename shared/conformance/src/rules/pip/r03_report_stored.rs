//! PIP-03: the report is stored and announced.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// The report is stored and announced.
pub(super) static RULE: Rule = Rule {
    id: "PIP-03",
    severity: Severity::Info,
    spec: "pipeline",
    set: RuleSet::Pipeline,
    title: "the report is stored, and announcements name it",
    doc: "No check can find its own report stored, so this is judged of an earlier one, when a published output is checked again.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let evidence = view.expected.map(|e| &e.evidence);
    let Some(facts) = evidence.and_then(|e| e.report.as_ref()) else {
        return out.not_judged();
    };
    let Some(stored) = &facts.stored else {
        return out.add("", None, "a stored report", "none");
    };
    for announced in facts
        .announced
        .iter()
        .filter(|a| a.as_ref() != Some(stored))
    {
        let expected = format!("an announcement that names {stored}");
        out.add(
            "",
            None,
            expected,
            announced.as_deref().unwrap_or("no report"),
        );
    }
}
