//! SEG-11: sample entries are avc1 and hvc1.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::{Kind, View};

/// Sample entries are avc1 and hvc1.
pub(super) static RULE: Rule = Rule {
    id: "SEG-11",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 1.5, 1.10",
    set: RuleSet::Standard,
    title: "sample entries are avc1 and hvc1",
    doc: "With avc3 and hev1 the parameter sets are in the samples, which Apple devices do not look for.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for track in view.of(Kind::Video) {
        let Some((init, map)) = track.init.zip(track.maps.first()) else {
            continue;
        };
        if matches!(&*init.entry, "avc2" | "avc3" | "avc4" | "hev1" | "dvhe") {
            out.add(
                &map.path,
                None,
                "the sample entry avc1 or hvc1",
                &*init.entry,
            );
        }
    }
}
