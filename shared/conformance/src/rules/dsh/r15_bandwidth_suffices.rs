use crate::dash::xs_duration;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-15",
    basis: &[should(Dash, "ISO/IEC 23009-1 5.3.5.2")],
    parts: &[&HALF],
    title: "@bandwidth suffices after minBufferTime",
    doc: "At this rate, from any segment on and after minBufferTime of loading, every segment arrives before it is \
          needed.",
    check,
};

const HALF: RulePart = RulePart {
    title: "@bandwidth is at least half of what is needed",
    basis: &[
        must(Dash, "ISO/IEC 23009-1 5.3.5.2"),
        should(Reelsmith, "the promises of this pipeline"),
    ],
};

/// Longest run of segments that is examined: the rate of a longer one is close to the average.
const MAX_RUN: usize = 64;

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(mpd) = view.mpd else { return };
    let buffer = mpd.root.get("minBufferTime").and_then(xs_duration);
    let buffer = buffer.map_or(0, |b| b.nanos);
    for (_, representation) in mpd.representations() {
        let rendition = view.rendition_of_representation(representation);
        let declared = representation.element.integer("bandwidth");
        let (Some(rendition), Some(declared)) = (rendition, declared) else {
            continue;
        };
        out.seen();
        let loads = rendition.segment_loads().unwrap_or_default();
        let needed = needed(&loads, buffer);
        // Durations are rounded in two ways, which may differ by a thousandth.
        if needed > declared.saturating_add(declared / 1_000) {
            let expected = format!("bandwidth of at least {needed}");
            if needed / 2 > declared {
                out.of(&HALF);
            }
            out.mpd(representation.element.line, expected, declared);
        }
    }
}

/// The lowest sufficient rate, in bits per second.
fn needed(loads: &[(u64, i128)], buffer: i128) -> u64 {
    let mut needed = 0;
    for start in 0..loads.len() {
        let (mut bytes, mut time) = (0u64, buffer);
        for (size, duration) in loads.iter().skip(start).take(MAX_RUN) {
            bytes = bytes.saturating_add(*size);
            time += duration;
            needed = needed.max(rate(bytes, time));
        }
    }
    needed
}
