use crate::dash::{AdaptationSet, ContentType, Representation};
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-08",
    basis: &[must(DashIf, "DASH-IF IOP 3.2.4")],
    parts: &[&BANDWIDTH],
    title: "video declares its size and frame rate; audio its language, sample rate and channels",
    doc: "The attributes are on the set or on each representation. Clients select by them before they load media.",
    check,
};

const BANDWIDTH: RulePart = RulePart {
    title: "@bandwidth is present",
    basis: &[must(Dash, "ISO/IEC 23009-1 5.3.5.2")],
};

fn check(view: &View<'_>, out: &mut Findings) {
    for (set, representation) in out.each(view.representations()) {
        for missing in missing(set, representation) {
            if missing == "bandwidth" {
                out.of(&BANDWIDTH);
            }
            out.mpd(representation.element.line, missing, "none");
        }
    }
}

fn missing(set: &AdaptationSet, representation: &Representation) -> Vec<&'static str> {
    let content = set.content_type();
    let required: &[&str] = match content {
        ContentType::Video => &["codecs", "width", "height", "frameRate"],
        ContentType::Audio => &["codecs", "audioSamplingRate"],
        ContentType::Text | ContentType::Other => &[],
    };
    let absent = |name: &&str| set.attribute(representation, name).is_none();
    let mut missing: Vec<&str> = required.iter().copied().filter(absent).collect();
    if representation
        .element
        .integer("bandwidth")
        .is_none_or(|b| b == 0)
    {
        missing.push("bandwidth");
    }
    let spoken = matches!(content, ContentType::Audio | ContentType::Text);
    if spoken && set.element.get("lang").is_none() {
        missing.push("AdaptationSet@lang");
    }
    if content == ContentType::Audio && representation.channels.is_empty() {
        missing.push("AudioChannelConfiguration");
    }
    missing
}
