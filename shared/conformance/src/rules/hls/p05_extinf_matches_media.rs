use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P05",
    basis: &[
        should(Rfc, "RFC 8216 4.3.2.1"),
        must(Apple, "Apple HLS Authoring 8.1"),
    ],
    parts: &[&DURATION],
    title: "the sum of EXTINF is within one frame of the media duration",
    doc: "This holds for any contiguous run of segments. A client seeks by these sums, so an error that accumulates \
          makes it seek to the wrong place.",
    check,
};

const DURATION: RulePart = RulePart {
    title: "EXTINF is the duration of the segment to half a second",
    basis: &[
        must(Rfc, "RFC 8216 4.3.2.1"),
        must(Apple, "Apple HLS Authoring 8.1"),
    ],
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in view
        .media_playlists()
        .chain(view.playlists(MediaKind::Text))
    {
        let Some(frame) = rendition.sample_duration() else {
            continue;
        };
        // The error of the run from i to j is the difference of the errors of the prefixes.
        let (mut error, mut low, mut high) = (0i128, 0i128, 0i128);
        for segment in &rendition.segments {
            let Some(measured) = segment.measured() else {
                break;
            };
            out.seen();
            let difference = segment.extinf - measured;
            error += difference;
            (low, high) = (low.min(error), high.max(error));
            if high - low > frame + EXTINF_ROUNDING {
                let frame = seconds(frame);
                let expected = format!("EXTINF sums within one frame ({frame}) of the media");
                let found = format!("a difference of {}", seconds(high - low));
                if difference.abs() > NANOS / 2 {
                    out.of(&DURATION);
                }
                out.line(&rendition.path, segment.line, expected, found);
                break;
            }
        }
    }
}
