//! HLS-P16: segment names are in order, without a gap or a repetition.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::{Kind, View};

/// Segment names are in order, without a gap or a repetition.
pub(super) static RULE: Rule = Rule {
    id: "HLS-P16",
    severity: Severity::Fail,
    spec: "pipeline",
    set: RuleSet::Pipeline,
    title: "segment names are in order, without a gap or a repetition",
    doc: "Names carry the segment number: one too few or twice the same is a segment lost or played twice.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for track in view.tracks.iter().filter(|t| t.kind != Kind::IFrames) {
        let mut next = 1;
        for segment in &track.segments {
            let Some(part) = segment.part.as_ref().filter(|p| p.range.is_none()) else {
                next += 1;
                continue;
            };
            match number(&part.path) {
                Some(found) if found == next => next += 1,
                found => {
                    let found = found.map_or_else(|| part.path.clone(), |n| n.to_string());
                    out.line(
                        &track.path,
                        segment.line,
                        format!("segment number {next}"),
                        found,
                    );
                    break;
                }
            }
        }
    }
}

/// The digits before the extension.
fn number(path: &str) -> Option<u32> {
    let (stem, _) = path.rsplit_once('.')?;
    let digits = stem.rsplit(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}
