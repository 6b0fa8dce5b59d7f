//! DLV-05: no object that nothing references.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// No object that nothing references.
pub(super) static RULE: Rule = Rule {
    id: "DLV-05",
    severity: Severity::Warn,
    spec: "pipeline",
    set: RuleSet::Pipeline,
    title: "no object that nothing references",
    doc: "Left-overs cost money for ever, and may be of another job. Reports, images and progressive files are known.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let referenced = view.delivery.referenced();
    let known = |path: &str| {
        path == "report.html" || path.starts_with("progressive/") || path.starts_with("images/")
    };
    for path in view.delivery.objects.keys() {
        if !known(path) && !referenced.contains(path) {
            out.add(
                path,
                None,
                "an object that a playlist or the MPD names",
                "none does",
            );
        }
    }
}
