use crate::dash::{ContentType, Representation};
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-20",
    basis: &[must(Dash, "ISO/IEC 23009-1 5.3.3.2, 5.3.7.2")],
    parts: &[],
    title: "segments of video that are declared as aligned start at the same times",
    doc: "With segmentAlignment or subsegmentAlignment, no segment of one representation overlaps a segment with \
          another number of another one. SEG-03 judges whether they start with an access point.",
    check,
};

/// Aligned segments may differ by less than a picture: timescales round.
const TOLERANCE: i128 = NANOS / 100;

fn check(view: &View<'_>, out: &mut Findings) {
    let sets = view.adaptation_sets();
    for set in sets.filter(|s| s.content_type() == ContentType::Video) {
        let declared = ["segmentAlignment", "subsegmentAlignment"];
        let mut declared = declared.iter().filter_map(|name| set.element.get(name));
        if declared.all(|value| matches!(value, "false" | "0")) {
            continue;
        }
        let representations = set.representations.iter();
        let mut starts = representations.filter_map(|r| Some((r, starts(view, r)?)));
        let Some((_, expected)) = starts.next() else {
            continue;
        };
        for (representation, found) in out.each(starts) {
            let mut pairs = expected.iter().zip(&found);
            if let Some((a, b)) = pairs.find(|(a, b)| (*a - *b).abs() > TOLERANCE) {
                let expected = format!(
                    "a segment at {} as in the first representation",
                    seconds(*a)
                );
                out.mpd(representation.element.line, expected, seconds(*b));
            }
        }
    }
}

/// The presentation time of each segment, if every one was measured.
fn starts(view: &View<'_>, of: &Representation) -> Option<Vec<i128>> {
    let init = view.init_of(of)?;
    let shift = i128::from(init.media_start());
    let starts = of.segments.iter().map(|s| {
        let facts = view.delivery.segment(&s.part())?;
        let first = facts.of_track().next()?.first_presentation()?;
        Some(nanos(i128::from(first) - shift, init.timescale))
    });
    starts.collect()
}
