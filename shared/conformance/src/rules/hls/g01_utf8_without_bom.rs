//! HLS-G01: UTF-8 without BOM or control characters, #EXTM3U first.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// UTF-8 without BOM or control characters, #EXTM3U first.
pub(super) static RULE: Rule = Rule {
    id: "HLS-G01",
    severity: Severity::Fail,
    spec: "RFC 8216 4.1, 4.3.1.1",
    set: RuleSet::Standard,
    title: "UTF-8 without BOM or control characters, #EXTM3U first",
    doc: "Players refuse, or read differently, a playlist that does not start with the seven characters of #EXTM3U. A playlist without any other syntax fault must also read the same with an independent parser.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    out.parser_faults(view);
}
