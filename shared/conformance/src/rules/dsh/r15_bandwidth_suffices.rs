//! DSH-15: bandwidth suffices after minBufferTime.

use super::super::{Findings, Rule, RuleSet};
use crate::dash::xs_duration;
use crate::delivery::MPD;
use crate::report::Severity;
use crate::view::View;

/// Bandwidth suffices after minBufferTime.
pub(super) static RULE: Rule = Rule {
    id: "DSH-15",
    severity: Severity::Warn,
    spec: "ISO/IEC 23009-1 5.3.5.2",
    set: RuleSet::Standard,
    title: "bandwidth suffices after minBufferTime",
    doc: "From any segment on, at this rate and after minBufferTime of loading, every segment arrives before its end is due.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(mpd) = view.mpd else { return };
    let buffer = mpd.root.get("minBufferTime").and_then(xs_duration);
    let buffer = buffer.map_or(0, |b| b.nanos);
    for (_, representation) in mpd.representations() {
        let track = representation
            .init
            .as_ref()
            .and_then(|(p, _)| view.of_init(p));
        let (Some(track), Some(declared)) = (track, representation.element.integer("bandwidth"))
        else {
            continue;
        };
        let needed = track.loads().map_or(0, |loads| needed(&loads, buffer));
        // A thousandth is what two ways of rounding durations may differ by.
        if needed > declared.saturating_add(declared / 1_000) {
            let expected = format!("bandwidth of at least {needed}");
            out.line(
                MPD,
                representation.element.line,
                expected,
                declared.to_string(),
            );
        }
    }
}

/// The least rate that suffices. Runs are bounded: far ahead, a run's rate comes near the average.
fn needed(loads: &[(u64, i128)], buffer: i128) -> u64 {
    let mut needed = 0;
    for start in 0..loads.len() {
        let (mut bytes, mut time) = (0u64, buffer);
        for (size, duration) in loads.iter().skip(start).take(64) {
            bytes = bytes.saturating_add(*size);
            time += duration;
            needed = needed.max(crate::measure::rate(bytes, time));
        }
    }
    needed
}
