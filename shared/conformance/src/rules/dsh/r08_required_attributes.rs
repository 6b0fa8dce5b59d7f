//! DSH-08: video says its size and frame rate, audio its language, rate and channels.

use super::super::{Findings, Rule, RuleSet};
use crate::dash::{AdaptationSet, Content, Representation};
use crate::delivery::MPD;
use crate::report::Severity;
use crate::view::View;

/// Video says its size and frame rate, audio its language, rate and channels.
pub(super) static RULE: Rule = Rule {
    id: "DSH-08",
    severity: Severity::Fail,
    spec: "ISO/IEC 23009-1 5.3.7, DASH-IF IOP 3.2.4",
    set: RuleSet::Standard,
    title: "video says its size and frame rate, audio its language, rate and channels",
    doc: "On the set or on each representation; players choose by these before they load anything.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for set in view
        .mpd
        .into_iter()
        .flat_map(|m| &m.periods)
        .flat_map(|p| &p.sets)
    {
        for representation in &set.representations {
            for missing in missing(set, representation) {
                out.line(MPD, representation.element.line, missing, "none");
            }
        }
    }
}

fn missing(set: &AdaptationSet, representation: &Representation) -> Vec<&'static str> {
    let needed: &[&str] = match set.content() {
        Content::Video => &["codecs", "width", "height", "frameRate"],
        Content::Audio => &["codecs", "audioSamplingRate"],
        Content::Text | Content::Other => &[],
    };
    let has = |name: &str| set.attribute(representation, name).is_some();
    let mut missing: Vec<&str> = needed.iter().copied().filter(|n| !has(n)).collect();
    if representation
        .element
        .integer("bandwidth")
        .is_none_or(|b| b == 0)
    {
        missing.push("bandwidth");
    }
    if matches!(set.content(), Content::Audio | Content::Text) && set.element.get("lang").is_none()
    {
        missing.push("AdaptationSet@lang");
    }
    if set.content() == Content::Audio && representation.channels.is_none() {
        missing.push("AudioChannelConfiguration");
    }
    missing
}
