//! HLS-P05: EXTINF sums are within one frame of the media.

use super::super::{Findings, Rule, RuleSet};
use crate::measure::{nanos, seconds};
use crate::report::Severity;
use crate::view::View;

/// EXTINF sums are within one frame of the media.
pub(super) static RULE: Rule = Rule {
    id: "HLS-P05",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 8.1",
    set: RuleSet::Standard,
    title: "EXTINF sums are within one frame of the media",
    doc: "Over any contiguous run of segments. A player seeks by the sums: an error that grows puts it in the wrong place.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for track in view.timed() {
        let (Some(frame), Some(scale)) = (track.frame(), track.timescale()) else {
            continue;
        };
        // The error of the run from i to j is the difference of the errors of the prefixes.
        let (mut error, mut low, mut high) = (0i128, 0i128, 0i128);
        for segment in &track.segments {
            let Some(facts) = segment.facts else { break };
            error += segment.extinf - nanos(facts.duration().into(), scale);
            (low, high) = (low.min(error), high.max(error));
            if high - low > frame + SLACK {
                let expected = format!(
                    "EXTINF sums within one frame ({}) of the media",
                    seconds(frame)
                );
                let found = format!("{} off", seconds(high - low));
                out.line(&track.path, segment.line, expected, found);
                break;
            }
        }
    }
}

/// EXTINF is written with six decimals: what rounding adds up to over ten hours of segments.
const SLACK: i128 = 5_000_000;
