//! HLS-P11: discontinuities are the same in all renditions; our own outputs have none.

use super::super::{Findings, Rule, RuleSet};
use crate::hls::NANOS;
use crate::report::Severity;
use crate::view::View;

/// Discontinuities are the same in all renditions; our own outputs have none.
pub(super) static RULE: Rule = Rule {
    id: "HLS-P11",
    severity: Severity::Fail,
    spec: "RFC 8216 4.3.2.3, Apple HLS Authoring 8.13, 8.15",
    set: RuleSet::Standard,
    title: "discontinuities are the same in all renditions; our own outputs have none",
    doc: "Chunks of one encode join without a seam, so a discontinuity says that something went wrong.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let mut first = None;
    for track in view.timed() {
        let mut time = 0;
        let mut found = Vec::new();
        for segment in &track.playlist.segments {
            if segment.discontinuity {
                found.push((segment.line, time / NANOS));
            }
            time += segment.duration;
        }
        if let (Some(_), Some((line, _))) = (view.expected, found.first()) {
            out.line(&track.path, *line, "no EXT-X-DISCONTINUITY", "one");
            continue;
        }
        let known = *first.get_or_insert(found.len());
        if found.len() != known {
            let expected = format!("{known} discontinuities as in the first rendition");
            out.add(&track.path, None, expected, found.len().to_string());
        }
    }
}
