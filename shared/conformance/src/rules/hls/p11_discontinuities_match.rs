use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P11",
    basis: &[
        should(Rfc, "RFC 8216 6.2.4"),
        must(Apple, "Apple HLS Authoring 8.13, 8.15"),
    ],
    parts: &[&NONE],
    title: "all renditions have the same discontinuities, and an output of a job has none",
    doc: "The chunks of one encode join seamlessly. A discontinuity in the output of a job means that something \
          went wrong.",
    check,
};

const NONE: RulePart = RulePart {
    title: "the output of a job has no discontinuity",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
};

fn check(view: &View<'_>, out: &mut Findings) {
    let mut first = None;
    for rendition in out.each(view.media_playlists().filter(|r| !r.playlist.is_live())) {
        let segments = rendition.playlist.segments.iter();
        let lines: Vec<u32> = segments
            .filter(|s| s.discontinuity)
            .map(|s| s.line)
            .collect();
        if let (Some(_), Some(line)) = (view.expected, lines.first()) {
            out.of(&NONE)
                .line(&rendition.path, *line, "no EXT-X-DISCONTINUITY", "one");
            continue;
        }
        let expected = *first.get_or_insert(lines.len());
        if lines.len() != expected {
            let expected = format!("{expected} discontinuities as in the first rendition");
            out.object(&rendition.path, expected, lines.len());
        }
    }
}
