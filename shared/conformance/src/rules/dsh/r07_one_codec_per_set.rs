//! DSH-07: an adaptation set has representations of one media type, with one codec each.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MPD;
use crate::report::Severity;
use crate::view::View;

/// An adaptation set has representations of one media type, with one codec each.
pub(super) static RULE: Rule = Rule {
    id: "DSH-07",
    severity: Severity::Fail,
    spec: "ISO/IEC 23009-1 5.3.3, DASH-IF IOP 3.2.13",
    set: RuleSet::Standard,
    title: "an adaptation set has representations of one media type, with one codec each",
    doc: "A player switches freely inside a set, so everything in it must decode alike.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for set in view
        .mpd
        .into_iter()
        .flat_map(|m| &m.periods)
        .flat_map(|p| &p.sets)
    {
        if set.representations.is_empty() {
            out.line(MPD, set.element.line, "at least one Representation", "none");
        }
        let first = set
            .representations
            .first()
            .and_then(|r| set.attribute(r, "mimeType"));
        for representation in &set.representations {
            let line = representation.element.line;
            let mime = set.attribute(representation, "mimeType");
            if mime != first || mime.is_none() {
                let expected =
                    format!("mimeType {} as the others", first.unwrap_or("of the media"));
                out.line(MPD, line, expected, mime.unwrap_or("none"));
            }
            if let Some(codecs) = set
                .attribute(representation, "codecs")
                .filter(|c| c.contains(','))
            {
                out.line(MPD, line, "one codec", codecs);
            }
        }
    }
}
