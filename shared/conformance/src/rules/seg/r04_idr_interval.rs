//! SEG-04: at most two seconds between IDR pictures.

use super::super::{Findings, Rule, RuleSet};
use crate::hls::NANOS;
use crate::measure::{nanos, seconds};
use crate::report::Severity;
use crate::view::{Kind, View};
use reelsmith_isobmff::SegmentFacts;

/// At most two seconds between IDR pictures.
pub(super) static RULE: Rule = Rule {
    id: "SEG-04",
    severity: Severity::Warn,
    spec: "Apple HLS Authoring 1.13",
    set: RuleSet::Standard,
    title: "at most two seconds between IDR pictures",
    doc: "Longer distances make seeking and switching slow. Measured over fragments and sync samples; one frame is allowed for rounding.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for track in view.of(Kind::Video) {
        let (Some(frame), Some(scale)) = (track.frame(), track.timescale()) else {
            continue;
        };
        for segment in &track.segments {
            let Some(facts) = segment.facts else { continue };
            let longest = nanos(longest_run(facts), scale);
            if longest > 2 * NANOS + frame {
                let expected = "an IDR picture every 2 s";
                out.segment(&track.path, segment.number, expected, seconds(longest));
            }
        }
    }
}

/// Most ticks from one sync sample to the next.
fn longest_run(facts: &SegmentFacts) -> i128 {
    let (mut run, mut longest) = (0i128, 0);
    for sample in facts.of_track().flat_map(|f| &f.samples) {
        run = if sample.sync { 0 } else { run } + i128::from(sample.duration);
        longest = longest.max(run);
    }
    longest
}
