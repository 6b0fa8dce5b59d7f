//! DSH-02: type static with mediaPresentationDuration, nothing of live.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MPD;
use crate::report::Severity;
use crate::view::View;

/// Type static with mediaPresentationDuration, nothing of live.
pub(super) static RULE: Rule = Rule {
    id: "DSH-02",
    severity: Severity::Fail,
    spec: "ISO/IEC 23009-1 5.3.1.2",
    set: RuleSet::Standard,
    title: "type static with mediaPresentationDuration, nothing of live",
    doc: "A dynamic MPD makes a player wait for segments by the wall clock.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(mpd) = view.mpd else { return };
    let root = &mpd.root;
    if root.get("type").unwrap_or("static") != "static" {
        out.line(
            MPD,
            root.line,
            "type=\"static\"",
            root.get("type").unwrap_or_default(),
        );
    }
    if mpd.duration().is_none_or(|d| d <= 0) {
        let found = root.get("mediaPresentationDuration").unwrap_or("none");
        out.line(
            MPD,
            root.line,
            "a positive mediaPresentationDuration",
            found,
        );
    }
    for live in [
        "minimumUpdatePeriod",
        "timeShiftBufferDepth",
        "suggestedPresentationDelay",
    ] {
        if root.get(live).is_some() {
            out.line(MPD, root.line, format!("no {live}"), "one");
        }
    }
}
