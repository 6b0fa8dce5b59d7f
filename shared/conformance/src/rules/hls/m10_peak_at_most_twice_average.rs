use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M10",
    basis: &[should(Apple, "Apple HLS Authoring 1.30")],
    parts: &[],
    title: "the peak bit rate is at most twice the average",
    doc: "A variant with a peak far above its average stalls on networks that suit its average. Lower maxrate or \
          the buffer size of the rung.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in view.playlists(MediaKind::Video) {
        let Some((peak, average)) = rendition.peak().zip(rendition.average()) else {
            continue;
        };
        out.seen();
        let limit = average.saturating_mul(2);
        if peak > limit {
            let expected = format!("a peak of at most {limit} bit/s");
            out.object(&rendition.path, expected, format!("{peak} bit/s"));
        }
    }
}
