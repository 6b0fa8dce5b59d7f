//! HLS-G04: attribute lists are well-formed.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// Attribute lists are well-formed.
pub(super) static RULE: Rule = Rule {
    id: "HLS-G04",
    severity: Severity::Fail,
    spec: "RFC 8216 4.2",
    set: RuleSet::Standard,
    title: "attribute lists are well-formed",
    doc: "Names are unique, strings are quoted, enumerated values are not, RESOLUTION is WxH. Lenient players guess; others drop the tag.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    out.parser_faults(view);
}
