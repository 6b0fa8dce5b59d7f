use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-04",
    basis: &[should(Apple, "Apple HLS Authoring 1.13")],
    parts: &[],
    title: "IDR pictures are at most two seconds apart",
    doc: "Longer intervals make seeking and switching slow. Measured over fragments and sync samples, with a \
          tolerance of one frame.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in view.video() {
        let (Some(frame), Some(scale)) = (rendition.sample_duration(), rendition.timescale())
        else {
            continue;
        };
        for (segment, facts) in out.each(rendition.measured_segments()) {
            let longest = nanos(longest_run(facts), scale);
            if longest > 2 * NANOS + frame {
                let expected = "an IDR picture every 2 s";
                out.segment(rendition, segment, expected, seconds(longest));
            }
        }
    }
}

/// The greatest number of ticks from one sync sample to the next.
fn longest_run(facts: &SegmentFacts) -> i128 {
    let (mut run, mut longest) = (0i128, 0);
    for sample in facts.of_track().flat_map(|f| &f.samples) {
        run = if sample.sync { 0 } else { run } + i128::from(sample.duration);
        longest = longest.max(run);
    }
    longest
}
