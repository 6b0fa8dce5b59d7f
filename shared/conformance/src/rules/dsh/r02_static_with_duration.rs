use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-02",
    severity: Fail,
    set: Standard,
    spec: "ISO/IEC 23009-1 5.3.1.2",
    title: "the MPD is static, has mediaPresentationDuration and no attribute of live presentations",
    doc: "With a dynamic MPD a client waits for segments by the wall clock.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(mpd) = view.mpd else { return };
    let root = &mpd.root;
    if let Some(found) = root.get("type").filter(|t| *t != "static") {
        out.mpd(root.line, "type=\"static\"", found);
    }
    if mpd.duration().is_none_or(|d| d <= 0) {
        let found = root.get("mediaPresentationDuration").unwrap_or("none");
        out.mpd(root.line, "a positive mediaPresentationDuration", found);
    }
    for live in [
        "minimumUpdatePeriod",
        "timeShiftBufferDepth",
        "suggestedPresentationDelay",
    ] {
        if root.get(live).is_some() {
            out.mpd(root.line, format!("no {live}"), "one");
        }
    }
}
