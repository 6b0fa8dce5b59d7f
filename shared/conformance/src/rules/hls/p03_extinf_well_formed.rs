//! HLS-P03: every segment has a well-formed EXTINF.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// Every segment has a well-formed EXTINF.
pub(super) static RULE: Rule = Rule {
    id: "HLS-P03",
    severity: Severity::Fail,
    spec: "RFC 8216 4.3.2.1",
    set: RuleSet::Standard,
    title: "every segment has a well-formed EXTINF",
    doc: "A duration in seconds, a comma, and the URI after it. Decimals need version 3. A lenient parser reads garbage as 0 and the timeline collapses.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    out.parser_faults(view);
}
