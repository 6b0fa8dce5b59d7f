//! HLS-M02: every EXT-X-STREAM-INF has BANDWIDTH and a URI line.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// Every EXT-X-STREAM-INF has BANDWIDTH and a URI line.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M02",
    severity: Severity::Fail,
    spec: "RFC 8216 4.3.4.2",
    set: RuleSet::Standard,
    title: "every EXT-X-STREAM-INF has BANDWIDTH and a URI line",
    doc: "A client cannot choose a variant without its bit rate, nor load one without its URI on the very next line.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    out.parser_faults(view);
}
