//! HLS-P02: no segment is longer than the target duration.

use super::super::{Findings, Rule, RuleSet};
use crate::hls::NANOS;
use crate::measure::{nanos, seconds};
use crate::report::Severity;
use crate::view::{Kind, View};

/// No segment is longer than the target duration.
pub(super) static RULE: Rule = Rule {
    id: "HLS-P02",
    severity: Severity::Fail,
    spec: "RFC 8216 4.3.3.1, Apple HLS Authoring 7.7",
    set: RuleSet::Standard,
    title: "no segment is longer than the target duration",
    doc: "EXTINF rounded to the nearest second is at most the target; the measured duration may exceed it by half a second. Raise the target, or cut shorter segments.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for track in &view.tracks {
        let Some(target) = &track.playlist.target_duration else {
            continue;
        };
        let limit = i128::from(target.value) * NANOS;
        for segment in &track.segments {
            if (segment.extinf + NANOS / 2) / NANOS * NANOS > limit {
                let expected = format!("EXTINF of at most {} s, rounded", target.value);
                out.line(&track.path, segment.line, expected, seconds(segment.extinf));
            } else if let Some((facts, scale)) = segment
                .facts
                .zip(track.timescale())
                .filter(|_| track.kind != Kind::IFrames)
            {
                let measured = nanos(facts.duration().into(), scale);
                if measured > limit + NANOS / 2 {
                    let expected = format!("at most {} s and a half of media", target.value);
                    out.segment(&track.path, segment.number, expected, seconds(measured));
                }
            }
        }
    }
}
