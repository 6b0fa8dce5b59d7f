//! SEG-06: decoding times go on exactly where the fragment before ended.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// Decoding times go on exactly where the fragment before ended.
pub(super) static RULE: Rule = Rule {
    id: "SEG-06",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 7.3, ISO/IEC 23000-19 7.3.2.2",
    set: RuleSet::Standard,
    title: "decoding times go on exactly where the fragment before ended",
    doc: "In ticks, not in seconds: a difference of one tick at every join adds up. Our own outputs start at 0.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for track in view.timed() {
        let mut next = view.expected.map(|_| 0);
        for segment in &track.segments {
            let Some(facts) = segment.facts else {
                next = None;
                continue;
            };
            for fragment in facts.of_track() {
                if let Some(expected) = next.filter(|n| *n != fragment.tfdt) {
                    let expected = format!("tfdt {expected} where the media before ends");
                    let found = fragment.tfdt.to_string();
                    out.segment(&track.path, segment.number, expected, found);
                }
                next = Some(fragment.end());
            }
        }
    }
}
