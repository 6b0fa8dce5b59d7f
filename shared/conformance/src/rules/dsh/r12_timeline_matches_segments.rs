//! DSH-12: the SegmentTimeline is continuous and is what the segments say.

use super::super::{Findings, Rule, RuleSet};
use crate::dash::{MpdSegment, xs_duration};
use crate::delivery::{MPD, Part};
use crate::hls::NANOS;
use crate::measure::{nanos, seconds};
use crate::report::Severity;
use crate::view::View;
use reelsmith_isobmff::Init;

/// The SegmentTimeline is continuous and is what the segments say.
pub(super) static RULE: Rule = Rule {
    id: "DSH-12",
    severity: Severity::Fail,
    spec: "ISO/IEC 23009-1 5.3.9.6",
    set: RuleSet::Standard,
    title: "the SegmentTimeline is continuous and is what the segments say",
    doc: "S@t is the tfdt of the segment and S@d the sum of its samples, to the tick; none is longer than maxSegmentDuration.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    out.parser_faults(view);
    let Some(mpd) = view.mpd else { return };
    let longest = mpd.root.get("maxSegmentDuration").and_then(xs_duration);
    for (_, representation) in mpd.representations() {
        let init = representation.init.as_ref();
        let init = init.and_then(|(path, range)| {
            let part = Part {
                path: path.clone(),
                range: *range,
            };
            view.delivery.init(&part)
        });
        let Some(init) = init else { continue };
        for segment in &representation.segments {
            if let Some((expected, found)) = differs(view, segment, representation.timescale, init)
            {
                out.line(
                    MPD,
                    segment.line,
                    format!("{expected} for {}", segment.path),
                    found,
                );
                break;
            }
            let scale = u32::try_from(representation.timescale).unwrap_or(u32::MAX);
            let length = segment.duration.map(|d| nanos(d.into(), scale));
            if let Some((length, longest)) = length
                .zip(longest)
                .filter(|(l, m)| *l > m.nanos + NANOS / 1_000)
            {
                let expected = format!("at most maxSegmentDuration, {}", seconds(longest.nanos));
                out.line(MPD, segment.line, expected, seconds(length));
                break;
            }
        }
    }
}

/// What a segment is declared and measured to be, where that differs.
fn differs(
    view: &View<'_>,
    segment: &MpdSegment,
    scale: u64,
    init: &Init,
) -> Option<(String, String)> {
    let facts = view.delivery.segment(&Part::whole(&segment.path))?;
    let same = |declared: u64, measured: u64| {
        u128::from(declared) * u128::from(init.timescale)
            == u128::from(measured) * u128::from(scale)
    };
    let (start, duration) = (facts.start()?, facts.duration());
    if !same(segment.time?, start) {
        return Some((
            format!("S@t of tfdt {start}"),
            format!("{}/{scale}", segment.time?),
        ));
    }
    (!same(segment.duration?, duration)).then(|| {
        (
            format!("S@d of {duration}/{}", init.timescale),
            format!("{:?}/{scale}", segment.duration.unwrap_or(0)),
        )
    })
}
