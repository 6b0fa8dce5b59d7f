//! HLS-G03: EXT-X-VERSION at most once, and enough for what is used.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// EXT-X-VERSION at most once, and enough for what is used.
pub(super) static RULE: Rule = Rule {
    id: "HLS-G03",
    severity: Severity::Fail,
    spec: "RFC 8216 4.3.1.2, 7",
    set: RuleSet::Standard,
    title: "EXT-X-VERSION at most once, and enough for what is used",
    doc: "EXT-X-MAP needs 6 (5 with I-frames only), byte ranges and I-frames 4, decimal durations 3, IV 2. Raise the version.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    out.parser_faults(view);
}
