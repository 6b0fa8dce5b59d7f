use std::collections::BTreeSet;

use reelsmith_isobmff::{DefectKind, Examination, Fragment};

use crate::fault::Mismatch;
use crate::rule::prelude::*;
use crate::rules::defects;

pub(super) const RULE: Rule = Rule {
    id: "SEG-24",
    basis: &[
        must(Rfc, "ISO/IEC 14496-12 8.6.1, 8.8.8, ISO/IEC 14496-10 8.2.1"),
        must(
            Cmaf,
            "ISO/IEC 14496-12 8.6.1, 8.8.8, ISO/IEC 14496-10 8.2.1",
        ),
        must(
            Dash,
            "ISO/IEC 14496-12 8.6.1, 8.8.8, ISO/IEC 14496-10 8.2.1",
        ),
    ],
    parts: &[],
    title: "samples have a duration, and pictures are presented once and in the order of their counts",
    doc: "No sample but the last lasts no time, no two pictures have one presentation time, and composition times follow the \
          picture order counts in the slice headers. An access unit of AAC-LC lasts 1024 samples, except the first and the \
          last of a track, which may be cut. Wrong times make pictures jump and sound drift.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    defects::report(view, out, DefectKind::Order, &[Examination::Nal]);
    for rendition in view.video_and_audio().filter(|r| r.init_at().is_some()) {
        let last = rendition.segments.len();
        for (segment, facts) in out.each(rendition.measured_segments()) {
            let whole = segment.number as usize != last;
            let wrong = match rendition.kind {
                MediaKind::Audio => segment
                    .init
                    .and_then(|init| wrong_unit(init, facts, segment.number == 1, !whole)),
                _ => facts.of_track().find_map(shown_twice),
            };
            let still = || no_duration(facts, whole);
            if let Some(wrong) = wrong.or_else(still) {
                out.segment(rendition, segment, wrong.expected, wrong.found);
            }
        }
    }
}

fn shown_twice(fragment: &Fragment) -> Option<Mismatch> {
    let mut seen = BTreeSet::new();
    let twice = fragment.presentations().find(|time| !seen.insert(*time))?;
    Some(Mismatch::new(
        "one picture at a presentation time",
        format!("two at {twice}"),
    ))
}

/// A sample that lasts no time; the last one of a track may.
fn no_duration(facts: &SegmentFacts, whole: bool) -> Option<Mismatch> {
    let samples: Vec<_> = facts.of_track().flat_map(|f| &f.samples).collect();
    let judged = samples.len() - usize::from(!whole).min(samples.len());
    let at = samples.iter().take(judged).position(|s| s.duration == 0)?;
    let found = format!("0 in sample {}", at + 1);
    Some(Mismatch::new("a sample duration above 0", found))
}

/// An access unit of AAC-LC that does not last 1024 samples, or 960.
fn wrong_unit(init: &Init, facts: &SegmentFacts, first: bool, last: bool) -> Option<Mismatch> {
    // With another object type or a rate that the timescale does not divide, a unit lasts another time.
    let rate = init.sample_rate;
    if init.profile != Some(2) || rate == 0 || init.timescale != rate {
        return None;
    }
    let samples: Vec<_> = facts.of_track().flat_map(|f| &f.samples).collect();
    let length = samples.len() - usize::from(last).min(samples.len());
    let judged = samples
        .iter()
        .enumerate()
        .take(length)
        .skip(usize::from(first));
    let mut wrong = judged.filter(|(_, s)| !matches!(s.duration, 1_024 | 960 | 2_048));
    let (at, sample) = wrong.next()?;
    let found = format!("{} in sample {}", sample.duration, at + 1);
    Some(Mismatch::new("access units of 1024 samples", found))
}
