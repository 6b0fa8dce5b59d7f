//! DSH-01: well-formed XML without a DTD, root MPD, elements where the schema has them.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// Well-formed XML without a DTD, root MPD, elements where the schema has them.
pub(super) static RULE: Rule = Rule {
    id: "DSH-01",
    severity: Severity::Fail,
    spec: "ISO/IEC 23009-1 5.2",
    set: RuleSet::Standard,
    title: "well-formed XML without a DTD, root MPD, elements where the schema has them",
    doc: "A document type declaration can make a parser read other files. An independent reader must find the same periods and representations.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    out.parser_faults(view);
}
