//! CMF-02: one track in a file; fragments of a segment are equally long.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;
use reelsmith_isobmff::Fragment;

/// One track in a file; fragments of a segment are equally long.
pub(super) static RULE: Rule = Rule {
    id: "CMF-02",
    severity: Severity::Fail,
    spec: "CTA Wave HLS interoperability 4.4.2",
    set: RuleSet::Standard,
    title: "one track in a file; fragments of a segment are equally long",
    doc: "Within one sample; the last fragment of a segment may be shorter. Every fragment belongs to the track of the init segment.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for track in view.timed() {
        let Some((init, map)) = track.init.zip(track.maps.first()) else {
            continue;
        };
        if init.tracks != 1 {
            out.add(&map.path, None, "one track", init.tracks.to_string());
            continue;
        }
        for segment in &track.segments {
            let Some(facts) = segment.facts else { continue };
            if let Some(other) = facts.fragments.iter().find(|f| f.track_id != init.track_id) {
                let expected = format!("fragments of track {}", init.track_id);
                out.segment(
                    &track.path,
                    segment.number,
                    expected,
                    other.track_id.to_string(),
                );
            } else if let Some((first, other)) = uneven(&facts.fragments) {
                let expected = format!("fragments of {first} ticks, within one sample");
                out.segment(&track.path, segment.number, expected, other.to_string());
            }
        }
    }
}

fn uneven(fragments: &[Fragment]) -> Option<(u64, u64)> {
    let (_, rest) = fragments.split_last()?;
    let first = rest.first()?;
    let sample = first.samples.first()?.duration;
    let length = first.duration();
    let lengths = fragments.iter().map(Fragment::duration);
    // The last fragment may be shorter, not longer.
    let last = fragments.len() - 1;
    let mut wrong = lengths
        .enumerate()
        .filter(|(i, d)| d.abs_diff(length) > sample.into() && (*i < last || *d > length));
    wrong.next().map(|(_, d)| (length, d))
}
