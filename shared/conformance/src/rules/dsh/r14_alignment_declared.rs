//! DSH-14: segmentAlignment and startWithSAP are declared for video and audio.

use super::super::{Findings, Rule, RuleSet};
use crate::dash::{Content, Representation};
use crate::delivery::MPD;
use crate::report::Severity;
use crate::view::View;

/// SegmentAlignment and startWithSAP are declared for video and audio.
pub(super) static RULE: Rule = Rule {
    id: "DSH-14",
    severity: Severity::Fail,
    spec: "ISO/IEC 23009-1 5.3.3.2, DASH-IF IOP 3.2.2.2",
    set: RuleSet::Standard,
    title: "segmentAlignment and startWithSAP are declared for video and audio",
    doc: "A player switches seamlessly only where the MPD says that it may; whether it is true is HLS-P08 and SEG-03.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for set in view
        .mpd
        .into_iter()
        .flat_map(|m| &m.periods)
        .flat_map(|p| &p.sets)
    {
        if !matches!(set.content(), Content::Video | Content::Audio) {
            continue;
        }
        let line = set.element.line;
        if !matches!(set.element.get("segmentAlignment"), Some("true" | "1")) {
            let found = set.element.get("segmentAlignment").unwrap_or("none");
            out.line(MPD, line, "segmentAlignment=\"true\"", found);
        }
        let sap = |r: &Representation| set.attribute(r, "startWithSAP").map(str::to_owned);
        let bad = set
            .representations
            .iter()
            .map(sap)
            .find(|s| !matches!(s.as_deref(), Some("1" | "2")));
        if let Some(found) = bad {
            out.line(
                MPD,
                line,
                "startWithSAP of 1 or 2",
                found.unwrap_or_else(|| "none".to_owned()),
            );
        }
    }
}
