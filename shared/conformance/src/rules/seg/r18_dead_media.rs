//! SEG-18: no black, frozen or silent run that the source has not.

use super::super::{Findings, Rule, RuleSet};
use crate::evidence::DeadRun;
use crate::report::Severity;
use crate::view::View;

/// No black, frozen or silent run that the source has not.
pub(super) static RULE: Rule = Rule {
    id: "SEG-18",
    severity: Severity::Warn,
    spec: "pipeline",
    set: RuleSet::Pipeline,
    title: "no black, frozen or silent run that the source has not",
    doc: "A run of the output lies within one of the source, give or take half a second. Needs decoding; judged where runs were looked for.",
    check,
};

/// Detectors see starts and ends late or early by so much, in milliseconds.
const TOLERANCE: u64 = 500;

fn check(view: &View<'_>, out: &mut Findings) {
    let dead = view.expected.and_then(|e| e.evidence.dead.as_ref());
    let Some(dead) = dead else {
        return out.not_judged();
    };
    for run in &dead.output {
        if !dead.source.iter().any(|s| covers(s, run)) {
            let expected = format!("{} where the source is", run.kind);
            let found = format!("{} from {} ms to {} ms", run.kind, run.start_ms, run.end_ms);
            out.add(&run.rendition, None, expected, found);
        }
    }
}

fn covers(source: &DeadRun, run: &DeadRun) -> bool {
    source.kind == run.kind
        && source.start_ms <= run.start_ms.saturating_add(TOLERANCE)
        && run.end_ms <= source.end_ms.saturating_add(TOLERANCE)
}
