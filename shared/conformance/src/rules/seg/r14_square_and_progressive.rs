//! SEG-14: square samples, progressive frames.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::{Kind, View};

/// Square samples, progressive frames.
pub(super) static RULE: Rule = Rule {
    id: "SEG-14",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 1.14",
    set: RuleSet::Standard,
    title: "square samples, progressive frames",
    doc: "Players disagree on non-square samples, and nothing de-interlaces. The encoder scales and de-interlaces instead.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for track in view.of(Kind::Video) {
        let Some((init, map)) = track.init.zip(track.maps.first()) else {
            continue;
        };
        let aspects = [init.sps.and_then(|s| s.vui.sar), init.pixel_aspect];
        let oblong = aspects.into_iter().flatten().find(|(w, h)| w != h);
        if let Some((w, h)) = oblong {
            let expected = "a sample aspect ratio of 1:1";
            out.add(&map.path, None, expected, format!("{w}:{h}"));
        }
        if init.sps.is_some_and(|s| !s.progressive) {
            out.add(&map.path, None, "frame_mbs_only_flag", "fields");
        }
    }
}
