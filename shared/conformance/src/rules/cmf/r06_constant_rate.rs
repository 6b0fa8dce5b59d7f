//! CMF-06: fragments of a constant rate are near the average.

use super::super::{Findings, Rule, RuleSet};
use crate::measure::{nanos, rate, within_percent};
use crate::report::Severity;
use crate::view::{Track, View};

/// Fragments of a constant rate are near the average.
pub(super) static RULE: Rule = Rule {
    id: "CMF-06",
    severity: Severity::Warn,
    spec: "CTA Wave HLS interoperability 4.1.2",
    set: RuleSet::Standard,
    title: "fragments of a track declared to have a constant rate are within 10 % of its average",
    doc: "Judged where BANDWIDTH is at most a tenth above AVERAGE-BANDWIDTH. Constant quality gives busy scenes more bits by design and declares it. The last fragment may be short.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for track in view.timed().filter(|t| is_constant(t)) {
        let (Some(average), Some(scale)) = (track.average(), track.timescale()) else {
            continue;
        };
        let rates = track.segments.iter().flat_map(|segment| {
            let fragments = segment.facts.into_iter().flat_map(|f| f.of_track());
            fragments.map(move |f| {
                let bytes = f.mdat.end.saturating_sub(f.moof.start);
                let found = rate(bytes, nanos(f.duration().into(), scale));
                (segment.number, found)
            })
        });
        let rates: Vec<(u32, u64)> = rates.collect();
        let (_, rest) = rates.split_last().unwrap_or((&(0, 0), &[]));
        let mut off = rest
            .iter()
            .filter(|(_, r)| !within_percent(*r, average, 10));
        if let Some((number, found)) = off.next() {
            let expected = format!("{average} bit/s within 10 % in every fragment");
            out.segment(&track.path, *number, expected, found.to_string());
        }
    }
}

fn is_constant(track: &Track<'_>) -> bool {
    let mut declared = track
        .variants
        .iter()
        .filter_map(|v| v.bandwidth().zip(v.average_bandwidth()));
    declared.any(|(peak, average)| within_percent(peak, average, 10))
}
