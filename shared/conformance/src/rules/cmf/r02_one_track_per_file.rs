use reelsmith_isobmff::Fragment;

use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "CMF-02",
    basis: &[
        must(Cmaf, "ISO/IEC 23000-19 7.3.1"),
        must(Dash, "ISO/IEC 14496-12 8.8.7"),
        must(Rfc, "ISO/IEC 14496-12 8.8.7"),
    ],
    parts: &[&ONE_TRACK, &EVEN],
    title: "a file has one track, and the fragments of a segment are equally long",
    doc: "Fragments are compared with a tolerance of one sample; the last fragment of a segment may be shorter. \
          Every fragment belongs to the track of the init segment.",
    check,
};

const ONE_TRACK: RulePart = RulePart {
    title: "a file has one track",
    basis: &[must(Cmaf, "ISO/IEC 23000-19 7.3.1")],
};

const EVEN: RulePart = RulePart {
    title: "the fragments of a segment are equally long",
    basis: &[must(Reelsmith, "CTA Wave HLS interoperability 4.4.2")],
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in view.video_and_audio() {
        let Some((init, path)) = rendition.init_at() else {
            continue;
        };
        out.seen();
        if init.tracks != 1 {
            out.of(&ONE_TRACK).object(path, "one track", init.tracks);
            continue;
        }
        for (segment, facts) in rendition.measured_segments() {
            if let Some(other) = facts.fragments.iter().find(|f| f.track_id != init.track_id) {
                let expected = format!("fragments of track {}", init.track_id);
                out.segment(rendition, segment, expected, other.track_id);
            } else if let Some((first, other)) = uneven(&facts.fragments) {
                let expected = format!("fragments of {first} ticks, within one sample");
                out.of(&EVEN).segment(rendition, segment, expected, other);
            }
        }
    }
}

/// The duration of the first fragment and of one that differs from it.
fn uneven(fragments: &[Fragment]) -> Option<(u64, u64)> {
    let (_, rest) = fragments.split_last()?;
    let first = rest.first()?;
    let (sample, length) = (first.samples.first()?.duration, first.duration());
    let mut durations = fragments.iter().map(Fragment::duration).enumerate();
    // The last fragment may be shorter, not longer.
    let wrong = durations.find(|(index, duration)| {
        duration.abs_diff(length) > sample.into() && (*index < rest.len() || *duration > length)
    });
    wrong.map(|(_, duration)| (length, duration))
}
