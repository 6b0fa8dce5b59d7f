//! IMG-01: thumbnail tiles are declared so that a player finds the right one.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MPD;
use crate::measure::{nanos, seconds};
use crate::report::Severity;
use crate::view::View;

/// Thumbnail tiles are declared so that a player finds the right one.
pub(super) static RULE: Rule = Rule {
    id: "IMG-01",
    severity: Severity::Fail,
    spec: "DASH-IF IOP 6.2.6",
    set: RuleSet::Standard,
    title: "thumbnail tiles are declared so that a player finds the right one",
    doc: "The descriptor gives columns and rows, the size of the sheet is a multiple of them, and the sheets last as long as the programme.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(mpd) = view.mpd else { return };
    for (set, representation) in mpd.representations() {
        let mime = set.attribute(representation, "mimeType");
        if !mime.unwrap_or_default().starts_with("image/") {
            continue;
        }
        let line = representation.element.line;
        match representation.tiles {
            None => {
                let expected = "an EssentialProperty http://dashif.org/guidelines/thumbnail_tile";
                out.line(MPD, line, expected, "none");
            }
            Some(None | Some((0, _) | (_, 0))) => {
                out.line(MPD, line, "a grid such as 10x10", "another value");
            }
            Some(Some((columns, rows))) => {
                for (name, parts) in [("width", columns), ("height", rows)] {
                    let side = set
                        .attribute(representation, name)
                        .and_then(|v| v.parse::<u32>().ok());
                    if side.is_none_or(|s| s == 0 || s % parts != 0) {
                        let found = side.map_or("none".to_owned(), |s| s.to_string());
                        out.line(MPD, line, format!("{name}, a multiple of {parts}"), found);
                    }
                }
            }
        }
        let end = representation
            .segments
            .iter()
            .filter_map(|s| Some(s.time? + s.duration?));
        let end = end.max().map(|t| {
            nanos(
                t.into(),
                u32::try_from(representation.timescale).unwrap_or(1),
            )
        });
        if let (Some(end), Some(duration)) = (end, mpd.duration())
            && end < duration
        {
            let expected = format!("sheets until {}", seconds(duration));
            out.line(MPD, line, expected, seconds(end));
        }
    }
}
