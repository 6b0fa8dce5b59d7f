//! DSH-19: no reference leads out of the output prefix.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MPD;
use crate::path::resolve;
use crate::report::Severity;
use crate::view::View;

/// No reference leads out of the output prefix.
pub(super) static RULE: Rule = Rule {
    id: "DSH-19",
    severity: Severity::Fail,
    spec: "ISO/IEC 23009-1 5.6",
    set: RuleSet::Standard,
    title: "no reference leads out of the output prefix",
    doc: "BaseURL, templates and xlink:href are absent or relative: a remote period can be anything.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    out.parser_faults(view);
    for reference in view.mpd.into_iter().flat_map(|m| &m.references) {
        let bad = match reference.name.as_str() {
            "BaseURL" => resolve(MPD, &reference.text).err(),
            _ => Some(format!("{:?}", reference.text)),
        };
        let reported = |line| {
            let mut faults = view.mpd.into_iter().flat_map(|m| &m.faults);
            faults.any(|f| f.rule == "DSH-19" && f.line == line)
        };
        if let Some(found) = bad.filter(|_| !reported(reference.line)) {
            let expected = format!(
                "{} absent, or relative and inside the output prefix",
                reference.name
            );
            out.line(MPD, reference.line, expected, found);
        }
    }
}
