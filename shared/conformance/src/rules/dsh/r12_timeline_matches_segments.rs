use crate::dash::{MpdSegment, xs_duration};
use crate::fault::Mismatch;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-12",
    severity: Fail,
    set: Standard,
    spec: "ISO/IEC 23009-1 5.3.9.6",
    title: "the SegmentTimeline is continuous and matches the segments",
    doc: "S@t is the tfdt of the segment and S@d the sum of its sample durations, to the tick. No segment is longer \
          than maxSegmentDuration.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(mpd) = view.mpd else { return };
    let longest = mpd.root.get("maxSegmentDuration").and_then(xs_duration);
    for (_, representation) in mpd.representations() {
        let Some(init) = view.init_of(representation) else {
            continue;
        };
        let timescale = representation.timescale;
        let scale = u32::try_from(timescale).unwrap_or(u32::MAX);
        for segment in &representation.segments {
            if let Some(wrong) = compare(view, segment, timescale, init) {
                let expected = format!("{} for {}", wrong.expected, segment.path);
                out.mpd(segment.line, expected, wrong.found);
                break;
            }
            let length = segment.duration.map(|d| nanos(d.into(), scale));
            let both = length.zip(longest.map(|l| l.nanos));
            if let Some((length, longest)) = both.filter(|(l, max)| *l > max + NANOS / 1_000) {
                let expected = format!("at most maxSegmentDuration, {}", seconds(longest));
                out.mpd(segment.line, expected, seconds(length));
                break;
            }
        }
    }
}

/// Compares the declared start and duration of a segment with the measured ones.
fn compare(view: &View<'_>, segment: &MpdSegment, scale: u64, init: &Init) -> Option<Mismatch> {
    let facts = view.delivery.segment(&Part::whole(&segment.path))?;
    let equal = |declared: u64, measured: u64| {
        u128::from(declared) * u128::from(init.timescale)
            == u128::from(measured) * u128::from(scale)
    };
    let (time, start) = (segment.time?, facts.start()?);
    if !equal(time, start) {
        let expected = format!("S@t of tfdt {start}");
        return Some(Mismatch::new(expected, format!("{time}/{scale}")));
    }
    let (declared, measured) = (segment.duration?, facts.duration());
    (!equal(declared, measured)).then(|| {
        let expected = format!("S@d of {measured}/{}", init.timescale);
        Mismatch::new(expected, format!("{declared}/{scale}"))
    })
}
