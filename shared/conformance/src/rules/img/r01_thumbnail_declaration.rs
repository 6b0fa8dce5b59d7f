use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "IMG-01",
    basis: &[must(DashIf, "DASH-IF IOP 6.2.6")],
    parts: &[],
    title: "thumbnail tiles are declared so that a client finds the right one",
    doc: "The descriptor states columns and rows, the size of the sheet is a multiple of them, and the sheets last \
          as long as the programme.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(mpd) = view.mpd else { return };
    for (set, representation) in mpd.representations() {
        let mime = set.attribute(representation, "mimeType");
        if !mime.unwrap_or_default().starts_with("image/") {
            continue;
        }
        out.seen();
        let line = representation.element.line;
        match representation.tiles {
            None => {
                let expected = "an EssentialProperty http://dashif.org/guidelines/thumbnail_tile";
                out.mpd(line, expected, "none");
            }
            Some(None | Some((0, _) | (_, 0))) => {
                out.mpd(line, "a grid such as 10x10", "another value");
            }
            Some(Some((columns, rows))) => {
                for (name, parts) in [("width", columns), ("height", rows)] {
                    let found = set.attribute(representation, name).unwrap_or("none");
                    let side = found.parse::<u32>().ok();
                    if side.is_none_or(|s| s == 0 || s % parts != 0) {
                        out.mpd(line, format!("{name}, a multiple of {parts}"), found);
                    }
                }
            }
        }
        let segments = representation.segments.iter();
        let end = segments.filter_map(|s| Some(s.time? + s.duration?)).max();
        let scale = u32::try_from(representation.timescale).unwrap_or(1);
        let end = end.map(|ticks| nanos(ticks.into(), scale));
        if let (Some(end), Some(duration)) = (end, mpd.duration())
            && end < duration
        {
            let expected = format!("sheets until {}", seconds(duration));
            out.mpd(line, expected, seconds(end));
        }
    }
}
