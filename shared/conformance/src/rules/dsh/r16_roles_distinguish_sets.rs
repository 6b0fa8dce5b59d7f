//! DSH-16: roles tell sets apart.

use super::super::{Findings, Rule, RuleSet};
use crate::dash::{AdaptationSet, Content};
use crate::delivery::MPD;
use crate::report::Severity;
use crate::view::View;

/// Roles tell sets apart.
pub(super) static RULE: Rule = Rule {
    id: "DSH-16",
    severity: Severity::Warn,
    spec: "DASH-IF IOP 3.2.4, ISO/IEC 23009-1 5.8.5.5",
    set: RuleSet::Standard,
    title: "roles tell sets apart",
    doc: "With several video sets one is main; audio and caption sets have a role each.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for period in view.mpd.into_iter().flat_map(|m| &m.periods) {
        let video: Vec<_> = period
            .sets
            .iter()
            .filter(|s| s.content() == Content::Video)
            .collect();
        let is_main = |s: &&AdaptationSet| s.roles.iter().any(|r| r == "main");
        if video.len() > 1 && !video.iter().any(is_main) {
            out.line(MPD, period.element.line, "Role main on a video set", "none");
        }
        for set in period.sets.iter().filter(|s| s.roles.is_empty()) {
            if matches!(set.content(), Content::Audio | Content::Text) {
                out.line(MPD, set.element.line, "a Role", "none");
            }
        }
    }
}
