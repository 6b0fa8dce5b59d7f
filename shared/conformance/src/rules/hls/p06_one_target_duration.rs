//! HLS-P06: video and audio have the same target duration.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// Video and audio have the same target duration.
pub(super) static RULE: Rule = Rule {
    id: "HLS-P06",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 8.2",
    set: RuleSet::Standard,
    title: "video and audio have the same target duration",
    doc: "Players keep audio and video in step by it, and Apple's ask for one value.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let mut targets = view
        .timed()
        .filter_map(|t| Some((t, t.playlist.target_duration.as_ref()?)));
    let Some((_, first)) = targets.next() else {
        return;
    };
    for (track, target) in targets {
        if target.value != first.value {
            let expected = format!("EXT-X-TARGETDURATION:{} as in the others", first.value);
            out.line(&track.path, target.line, expected, target.value.to_string());
        }
    }
}
