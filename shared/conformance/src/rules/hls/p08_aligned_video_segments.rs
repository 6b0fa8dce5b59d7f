//! HLS-P08: segments of all video variants start at the same times.

use super::super::{Findings, Rule, RuleSet};
use crate::measure::{nanos, seconds};
use crate::report::Severity;
use crate::view::{Kind, Track, View};

/// Segments of all video variants start at the same times.
pub(super) static RULE: Rule = Rule {
    id: "HLS-P08",
    severity: Severity::Fail,
    spec: "RFC 8216 6.2.4, Apple HLS Authoring 8.22",
    set: RuleSet::Standard,
    title: "segments of all video variants start at the same times",
    doc: "A player switches at segment boundaries; where they differ it repeats or skips pictures. Measured times are compared, not EXTINF.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let mut tracks = view.of(Kind::Video);
    let Some(first) = tracks.next() else { return };
    let known = starts(first);
    for track in tracks {
        let found = starts(track);
        if found.len() != known.len() {
            let expected = format!("{} segments as {}", known.len(), first.path);
            out.add(&track.path, None, expected, found.len().to_string());
        }
        let pairs = known.iter().zip(&found).zip(1u32..);
        for ((a, b), number) in pairs.filter(|((a, b), _)| (**a - **b).abs() > SLACK) {
            let expected = format!("a start at {} as in {}", seconds(*a), first.path);
            out.segment(&track.path, number, expected, seconds(*b));
        }
    }
}

/// Start times: measured, or the sum of EXTINF where a segment was not.
fn starts(track: &Track<'_>) -> Vec<i128> {
    let mut sum = 0;
    let mut out = Vec::new();
    for segment in &track.segments {
        let measured = segment.facts.and_then(|f| f.start()).zip(track.timescale());
        out.push(measured.map_or(sum, |(t, scale)| nanos(t.into(), scale)));
        sum += segment.extinf;
    }
    out
}

/// A millisecond: far below a frame, above the rounding of EXTINF.
const SLACK: i128 = 1_000_000;
