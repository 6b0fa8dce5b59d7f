use crate::dash::{AdaptationSet, ContentType};
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-16",
    basis: &[should(DashIf, "DASH-IF IOP 3.2.4")],
    parts: &[],
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
        if video.count() > 1 {
            out.seen();
        }
        let spoken =
            sets.filter(|s| matches!(s.content_type(), ContentType::Audio | ContentType::Text));
        for set in out.each(spoken) {
            if set.roles.is_empty() {
                out.mpd(set.element.line, "a Role", "none");
            }
        }
    }
}
