use crate::dash::xs_duration;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-03",
    basis: &[must(Dash, "ISO/IEC 23009-1 5.3.1.2, 8.1")],
    parts: &[&KNOWN_PROFILE],
    title: "the MPD has minBufferTime and a known profile",
    doc: "Clients reject an MPD without a profile that they know.",
    check,
};

const KNOWN_PROFILE: RulePart = RulePart {
    title: "a profile is known",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
};

/// Prefixes of the profiles that clients know.
const KNOWN: [&str; 8] = [
    "urn:mpeg:dash:profile:full:2011",
    "urn:mpeg:dash:profile:isoff-",
    "urn:mpeg:dash:profile:cmaf:2019",
    "urn:mpeg:dash:profile:mp2t-",
    "urn:mpeg:dash:profile:webm-",
    "http://dashif.org/guidelines/",
    "https://dashif.org/guidelines/",
    "urn:dvb:dash:profile:",
];

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(root) = view.mpd.map(|m| &m.root) else {
        return;
    };
    out.seen();
    let buffer = root.get("minBufferTime");
    if buffer.and_then(xs_duration).is_none() {
        let expected = "minBufferTime as an xs:duration";
        out.mpd(root.line, expected, buffer.unwrap_or("none"));
    }
    let profiles = root.get("profiles").unwrap_or_default();
    if profiles.is_empty() {
        return out.mpd(root.line, "profiles", "none");
    }
    let known = |p: &str| KNOWN.iter().any(|k| p.trim().starts_with(k));
    if !profiles.split(',').any(known) {
        out.of(&KNOWN_PROFILE)
            .mpd(root.line, "profiles with a known profile", profiles);
    }
}
