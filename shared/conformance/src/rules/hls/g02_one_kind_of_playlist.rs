//! HLS-G02: tags of one kind of playlist only.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// Tags of one kind of playlist only.
pub(super) static RULE: Rule = Rule {
    id: "HLS-G02",
    severity: Severity::Fail,
    spec: "RFC 8216 4.1",
    set: RuleSet::Standard,
    title: "tags of one kind of playlist only",
    doc: "A file with both media and multivariant tags is neither; clients must fail to parse it. Write two files.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    out.parser_faults(view);
}
