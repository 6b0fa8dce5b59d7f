use crate::dash::{AdaptationSet, ContentType};
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-16",
    severity: Warn,
    set: Standard,
    spec: "DASH-IF IOP 3.2.4, ISO/IEC 23009-1 5.8.5.5",
    title: "adaptation sets have roles that distinguish them",
    doc: "If there are several video sets, one has the role main. Every audio and caption set has a role.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for period in view.mpd.into_iter().flat_map(|m| &m.periods) {
        let sets = period.sets.iter();
        let video = sets
            .clone()
            .filter(|s| s.content_type() == ContentType::Video);
        let is_main = |s: &AdaptationSet| s.roles.iter().any(|r| r == "main");
        if video.clone().count() > 1 && !video.clone().any(is_main) {
            out.mpd(period.element.line, "Role main on a video set", "none");
        }
        for set in sets.filter(|s| s.roles.is_empty()) {
            if matches!(set.content_type(), ContentType::Audio | ContentType::Text) {
                out.mpd(set.element.line, "a Role", "none");
            }
        }
    }
}
