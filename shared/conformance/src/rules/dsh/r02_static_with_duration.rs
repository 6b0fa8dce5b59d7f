use crate::dash::Element;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-02",
    basis: &[must(Dash, "ISO/IEC 23009-1 5.3.1.2")],
    parts: &[&STATIC],
    title: "a static MPD has a duration and no update period; a dynamic one has the times of its availability",
    doc: "With a dynamic MPD a client waits for segments by the wall clock, so the output of a job is static. \
          mediaPresentationDuration may be absent if the last Period has a duration.",
    check,
};

const STATIC: RulePart = RulePart {
    title: "the MPD is static, without attributes of live presentations",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(mpd) = view.mpd else { return };
    out.seen();
    let root = &mpd.root;
    if mpd.is_dynamic() {
        match view.expected {
            Some(_) => out.of(&STATIC).mpd(root.line, "type=\"static\"", "dynamic"),
            None => check_dynamic(root, out),
        }
        return;
    }
    let of_period = mpd.periods.last().and_then(|p| p.duration);
    let of_period = of_period.filter(|_| view.expected.is_none());
    if mpd.duration().or(of_period).is_none_or(|d| d <= 0) {
        let found = root.get("mediaPresentationDuration").unwrap_or("none");
        out.mpd(root.line, "a positive mediaPresentationDuration", found);
    }
    // The others are ignored in a static MPD.
    let live = ["timeShiftBufferDepth", "suggestedPresentationDelay"];
    let live = live.iter().filter(|_| view.expected.is_some());
    for live in live.chain(&["minimumUpdatePeriod"]) {
        if root.get(live).is_some() {
            if *live != "minimumUpdatePeriod" {
                out.of(&STATIC);
            }
            out.mpd(root.line, format!("no {live}"), "one");
        }
    }
}

fn check_dynamic(root: &Element, out: &mut Findings) {
    for required in ["availabilityStartTime", "publishTime"] {
        if root.get(required).is_none() {
            let expected = format!("{required} with type=\"dynamic\"");
            out.mpd(root.line, expected, "none");
        }
    }
}
