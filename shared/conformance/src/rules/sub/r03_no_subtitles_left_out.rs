//! SUB-03: every subtitle stream of the mezzanine that was wanted is put out.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::report::Severity;
use crate::view::View;

/// Every subtitle stream of the mezzanine that was wanted is put out.
pub(super) static RULE: Rule = Rule {
    id: "SUB-03",
    severity: Severity::Warn,
    spec: "pipeline",
    set: RuleSet::Pipeline,
    title: "every subtitle stream of the mezzanine that was wanted is put out",
    doc: "Pictures, formats that are not read here, and streams whose language is not known are named instead of being lost silently.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for left in view.expected.into_iter().flat_map(|e| &e.left_out) {
        let language = left.language.as_deref().unwrap_or("not stated");
        let stream = format!(
            "stream {}, {}, language {language}",
            left.stream, left.codec
        );
        let expected = format!("the captions of the mezzanine's {stream}");
        out.add(
            MULTIVARIANT,
            None,
            expected,
            format!("left out: {}", left.reason),
        );
    }
}
