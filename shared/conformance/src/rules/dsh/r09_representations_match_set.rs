use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-09",
    basis: &[
        must(Dash, "ISO/IEC 23009-1 5.3.3.2"),
        should(Reelsmith, "the promises of this pipeline"),
    ],
    parts: &[&ONCE],
    title: "representations agree with their adaptation set",
    doc: "An attribute is on the set or on its representations, not on both, and values are within the minimum and \
          maximum of the set.",
    check,
};

const ONCE: RulePart = RulePart {
    title: "an attribute is on the set or on the representation",
    basis: &[should(Dash, "ISO/IEC 23009-1 5.3.7.1")],
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
    for (set, representation) in out.each(view.representations()) {
        let (set, own) = (&set.element, &representation.element);
        for name in COMMON {
            let both = set.get(name).zip(own.get(name));
            if let Some((_, found)) = both.filter(|(a, b)| a != b) {
                let expected = format!("{name} on the set or on the representation");
                out.of(&ONCE).mpd(own.line, expected, found);
            }
        }
        for (name, low, high) in LIMITS {
            let Some(value) = own.integer(name) else {
                continue;
            };
            let below = set.integer(low).is_some_and(|l| value < l);
            if below || set.integer(high).is_some_and(|h| value > h) {
                let expected = format!("{name} between {low} and {high} of the set");
                out.mpd(own.line, expected, value);
            }
        }
    }
}
