//! HLS-M19: EXT-X-INDEPENDENT-SEGMENTS.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::report::Severity;
use crate::view::{Kind, View};

/// EXT-X-INDEPENDENT-SEGMENTS.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M19",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 9.11, 9.12",
    set: RuleSet::Standard,
    title: "EXT-X-INDEPENDENT-SEGMENTS",
    doc: "In the multivariant playlist, else in every video playlist: without it a player may not start decoding at any segment.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(multivariant) = view.multivariant else {
        return;
    };
    let everywhere = view
        .of(Kind::Video)
        .all(|t| t.playlist.independent_segments.is_some());
    if multivariant.independent_segments.is_none() && !everywhere {
        out.add(MULTIVARIANT, None, "EXT-X-INDEPENDENT-SEGMENTS", "none");
    }
}
