use crate::dash::ContentType;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-14",
    basis: &[must(DashIf, "DASH-IF IOP 3.2.2.2")],
    parts: &[],
    title: "segmentAlignment and startWithSAP are declared for video and audio",
    doc: "A client switches seamlessly only if the MPD declares that it may. HLS-P08 and SEG-03 check whether the \
          declaration is true.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for set in view.adaptation_sets() {
        if !matches!(set.content_type(), ContentType::Video | ContentType::Audio) {
            continue;
        }
        out.seen();
        let line = set.element.line;
        // With a segment index, subsegments take the place of segments.
        let indexed = set.representations.iter().any(|r| r.index.is_some());
        let (alignment, sap) = match indexed {
            true => ("subsegmentAlignment", "subsegmentStartsWithSAP"),
            false => ("segmentAlignment", "startWithSAP"),
        };
        let found = set.element.get(alignment);
        let found = found.or_else(|| set.element.get("segmentAlignment"));
        if found.is_none_or(|f| matches!(f, "false" | "0")) {
            let expected = format!("{alignment}=\"true\"");
            out.mpd(line, expected, found.unwrap_or("none"));
        }
        let representations = set.representations.iter();
        let mut declared = representations.map(|r| {
            let found = set.attribute(r, sap);
            found.or_else(|| set.attribute(r, "startWithSAP"))
        });
        if let Some(found) = declared.find(|s| !matches!(s, Some("1" | "2"))) {
            out.mpd(line, format!("{sap} of 1 or 2"), found.unwrap_or("none"));
        }
    }
}
