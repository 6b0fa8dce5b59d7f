use crate::evidence::DeadRun;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-18",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
    parts: &[],
    title: "no run is black, frozen or silent unless the source is",
    doc: "Every such run of the output lies within one of the source, with a tolerance of half a second. Finding \
          them needs decoding; the rule is judged if the caller supplies them.",
    check,
};

/// Detectors report starts and ends early or late by up to this, in milliseconds.
const TOLERANCE: u64 = 500;

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(dead) = view.evidence().and_then(|e| e.dead.as_ref()) else {
        return out.not_judged("the media was not decoded");
    };
    out.seen();
    for run in &dead.output {
        if !dead.source.iter().any(|s| covers(s, run)) {
            let expected = format!("{} only where the source is", run.kind);
            let found = format!("{} from {} ms to {} ms", run.kind, run.start_ms, run.end_ms);
            out.object(&run.rendition, expected, found);
        }
    }
}

fn covers(source: &DeadRun, run: &DeadRun) -> bool {
    source.kind == run.kind
        && source.start_ms <= run.start_ms.saturating_add(TOLERANCE)
        && run.end_ms <= source.end_ms.saturating_add(TOLERANCE)
}
