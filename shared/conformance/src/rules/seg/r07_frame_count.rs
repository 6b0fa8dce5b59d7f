//! SEG-07: exactly the frames of the source.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::{Kind, View};

/// Exactly the frames of the source.
pub(super) static RULE: Rule = Rule {
    id: "SEG-07",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 7.1, pipeline",
    set: RuleSet::Pipeline,
    title: "exactly the frames of the source",
    doc: "No frame is lost or doubled where chunks join: ffmpeg may end early with success. Without a job, all renditions of a frame rate must agree.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let mut known = None;
    for track in view.of(Kind::Video) {
        let Some((samples, _)) = track.totals() else {
            continue;
        };
        let rung = view
            .expected
            .and_then(|e| e.video.iter().find(|r| r.path == track.folder()));
        let rate = track.frame_rate_milli();
        let expected = match (rung, view.expected) {
            (Some(rung), _) => rung.frames.0,
            (None, Some(_)) => continue,
            (None, None) => {
                let (first, frames) = *known.get_or_insert((rate, samples));
                if first == rate { frames } else { continue }
            }
        };
        if samples != expected {
            let expected = format!("{expected} frames");
            out.add(&track.path, None, expected, samples.to_string());
        }
    }
}
