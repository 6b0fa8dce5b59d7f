use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-06",
    basis: &[
        must(Rfc, "RFC 8216 3"),
        must(Apple, "Apple HLS Authoring 7.3"),
        must(Cmaf, "ISO/IEC 23000-19 7.3.2.2"),
        must(Dash, "ISO/IEC 23009-1 7.2.1"),
    ],
    parts: &[],
    title: "every fragment starts at exactly the decode time at which the previous one ends",
    doc: "Compared in ticks, not in seconds: a difference of one tick at every boundary accumulates. The output of \
          a job starts at 0.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    // Streams of MPEG-TS have no boxes; SEG-05 compares their times.
    for rendition in view.video_and_audio().filter(|r| r.init_at().is_some()) {
        let mut next = view.expected.map(|_| 0);
        for segment in &rendition.segments {
            if segment.discontinuity {
                next = None;
            }
            let Some(facts) = segment.facts else {
                next = None;
                continue;
            };
            for fragment in out.each(facts.of_track()) {
                if let Some(end) = next.filter(|n| *n != fragment.tfdt) {
                    let expected = format!("tfdt {end}, the end of the previous fragment");
                    out.segment(rendition, segment, expected, fragment.tfdt);
                }
                next = Some(fragment.end());
            }
        }
    }
}
