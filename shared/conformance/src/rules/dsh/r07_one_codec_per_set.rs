use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-07",
    basis: &[must(Dash, "ISO/IEC 23009-1 5.3.3.1, 5.3.7.2")],
    parts: &[&ONE_CODEC],
    title: "an adaptation set has representations of one media type, with one codec each",
    doc: "A client switches freely within a set, so every representation in it must be decodable in the same way.",
    check,
};

const ONE_CODEC: RulePart = RulePart {
    title: "a representation has one codec",
    basis: &[must(DashIf, "DASH-IF IOP 3.2.13")],
};

fn check(view: &View<'_>, out: &mut Findings) {
    for set in out.each(view.adaptation_sets()) {
        let Some(first) = set.representations.first() else {
            out.mpd(set.element.line, "at least one Representation", "none");
            continue;
        };
        let expected = set.attribute(first, "mimeType");
        for representation in &set.representations {
            let line = representation.element.line;
            let mime = set.attribute(representation, "mimeType");
            if mime != expected || mime.is_none() {
                let expected = expected.unwrap_or("of the media");
                let expected = format!("mimeType {expected} as in the set");
                out.mpd(line, expected, mime.unwrap_or("none"));
            }
            let codecs = set.attribute(representation, "codecs");
            if let Some(codecs) = codecs.filter(|c| c.contains(',')) {
                out.of(&ONE_CODEC).mpd(line, "one codec", codecs);
            }
        }
    }
}
