//! DSH-11: templates use known identifiers.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// Templates use known identifiers.
pub(super) static RULE: Rule = Rule {
    id: "DSH-11",
    severity: Severity::Fail,
    spec: "ISO/IEC 23009-1 5.3.9.4.4",
    set: RuleSet::Standard,
    title: "templates use known identifiers",
    doc: "$RepresentationID$, $Bandwidth$, and in media only $Number$ or $Time$; a format is %0[width]d.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    out.parser_faults(view);
}
