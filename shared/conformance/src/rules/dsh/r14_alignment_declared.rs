use crate::dash::ContentType;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-14",
    severity: Fail,
    set: Standard,
    spec: "ISO/IEC 23009-1 5.3.3.2, DASH-IF IOP 3.2.2.2",
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
        let line = set.element.line;
        let alignment = set.element.get("segmentAlignment");
        if !matches!(alignment, Some("true" | "1")) {
            out.mpd(
                line,
                "segmentAlignment=\"true\"",
                alignment.unwrap_or("none"),
            );
        }
        let representations = set.representations.iter();
        let mut declared = representations.map(|r| set.attribute(r, "startWithSAP"));
        if let Some(found) = declared.find(|s| !matches!(s, Some("1" | "2"))) {
            out.mpd(line, "startWithSAP of 1 or 2", found.unwrap_or("none"));
        }
    }
}
