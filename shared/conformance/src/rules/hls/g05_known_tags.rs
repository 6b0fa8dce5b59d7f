//! HLS-G05: no unknown #EXT tag.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// No unknown #EXT tag.
pub(super) static RULE: Rule = Rule {
    id: "HLS-G05",
    severity: Severity::Warn,
    spec: "RFC 8216 4.1",
    set: RuleSet::Pipeline,
    title: "no unknown #EXT tag",
    doc: "Clients ignore unknown tags, so one that our packager writes is a misspelling.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    out.parser_faults(view);
}
