//! DSH-03: minBufferTime and known profiles.

use super::super::{Findings, Rule, RuleSet};
use crate::dash::xs_duration;
use crate::delivery::MPD;
use crate::report::Severity;
use crate::view::View;

/// MinBufferTime and known profiles.
pub(super) static RULE: Rule = Rule {
    id: "DSH-03",
    severity: Severity::Fail,
    spec: "ISO/IEC 23009-1 5.3.1.2, 8.1",
    set: RuleSet::Standard,
    title: "minBufferTime and known profiles",
    doc: "Players refuse an MPD without a profile that they know.",
    check,
};

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
    if root.get("minBufferTime").and_then(xs_duration).is_none() {
        let found = root.get("minBufferTime").unwrap_or("none");
        out.line(MPD, root.line, "minBufferTime as an xs:duration", found);
    }
    let profiles = root.get("profiles").unwrap_or_default();
    let known = |p: &str| KNOWN.iter().any(|k| p.trim().starts_with(k));
    if !profiles.split(',').any(known) {
        out.line(MPD, root.line, "profiles with a known profile", profiles);
    }
}
