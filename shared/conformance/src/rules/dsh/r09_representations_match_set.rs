//! DSH-09: representations agree with their set.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MPD;
use crate::report::Severity;
use crate::view::View;

/// Representations agree with their set.
pub(super) static RULE: Rule = Rule {
    id: "DSH-09",
    severity: Severity::Warn,
    spec: "ISO/IEC 23009-1 5.3.7",
    set: RuleSet::Standard,
    title: "representations agree with their set",
    doc: "An attribute is on the set or on its representations, not on both; values are inside the set's minimum and maximum.",
    check,
};

const COMMON: [&str; 9] = [
    "mimeType",
    "codecs",
    "width",
    "height",
    "frameRate",
    "sar",
    "audioSamplingRate",
    "startWithSAP",
    "scanType",
];

const LIMITS: [(&str, &str, &str); 3] = [
    ("bandwidth", "minBandwidth", "maxBandwidth"),
    ("width", "minWidth", "maxWidth"),
    ("height", "minHeight", "maxHeight"),
];

fn check(view: &View<'_>, out: &mut Findings) {
    for (set, representation) in view.mpd.into_iter().flat_map(|m| m.representations()) {
        let line = representation.element.line;
        for name in COMMON {
            let both = set.element.get(name).zip(representation.element.get(name));
            if let Some((_, own)) = both.filter(|(a, b)| a != b) {
                out.line(
                    MPD,
                    line,
                    format!("{name} on the set or on the representation"),
                    own,
                );
            }
        }
        for (name, low, high) in LIMITS {
            let Some(value) = representation.element.integer(name) else {
                continue;
            };
            let below = set.element.integer(low).is_some_and(|l| value < l);
            if below || set.element.integer(high).is_some_and(|h| value > h) {
                let expected = format!("{name} between {low} and {high} of the set");
                out.line(MPD, line, expected, value.to_string());
            }
        }
    }
}
