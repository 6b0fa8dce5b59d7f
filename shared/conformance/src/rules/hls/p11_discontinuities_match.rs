use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P11",
    severity: Fail,
    set: Standard,
    spec: "RFC 8216 4.3.2.3, Apple HLS Authoring 8.13, 8.15",
    title: "all renditions have the same discontinuities, and an output of a job has none",
    doc: "The chunks of one encode join seamlessly. A discontinuity in the output of a job means that something \
          went wrong.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let mut first = None;
    for rendition in view.media_playlists() {
        let segments = rendition.playlist.segments.iter();
        let lines: Vec<u32> = segments
            .filter(|s| s.discontinuity)
            .map(|s| s.line)
            .collect();
        if let (Some(_), Some(line)) = (view.expected, lines.first()) {
            out.line(&rendition.path, *line, "no EXT-X-DISCONTINUITY", "one");
            continue;
        }
        let expected = *first.get_or_insert(lines.len());
        if lines.len() != expected {
            let expected = format!("{expected} discontinuities as in the first rendition");
            out.object(&rendition.path, expected, lines.len());
        }
    }
}
