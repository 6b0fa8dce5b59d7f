//! HLS-G06: every URI is relative and stays inside the output prefix.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// Every URI is relative and stays inside the output prefix.
pub(super) static RULE: Rule = Rule {
    id: "HLS-G06",
    severity: Severity::Fail,
    spec: "RFC 8216 4.1",
    set: RuleSet::Standard,
    title: "every URI is relative and stays inside the output prefix",
    doc: "A URI with a scheme, a host, a leading slash, `..` or its percent-encoded form leads out of the job's own objects: to other titles, or to a stranger's host.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    out.parser_faults(view);
}
