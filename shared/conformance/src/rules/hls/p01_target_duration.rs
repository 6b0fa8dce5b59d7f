//! HLS-P01: exactly one EXT-X-TARGETDURATION, a positive integer.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// Exactly one EXT-X-TARGETDURATION, a positive integer.
pub(super) static RULE: Rule = Rule {
    id: "HLS-P01",
    severity: Severity::Fail,
    spec: "RFC 8216 4.3.3.1",
    set: RuleSet::Standard,
    title: "exactly one EXT-X-TARGETDURATION, a positive integer",
    doc: "Every media playlist must have it; players time their reloads and buffers by it.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    out.parser_faults(view);
    for track in &view.tracks {
        let reported = track.playlist.faults.iter().any(|f| f.rule == "HLS-P01");
        if track.playlist.target_duration.is_none() && !reported {
            out.add(&track.path, None, "EXT-X-TARGETDURATION", "none");
        }
    }
}
