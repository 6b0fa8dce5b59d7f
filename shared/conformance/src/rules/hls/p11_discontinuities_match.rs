use std::collections::BTreeSet;

use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P11",
    basis: &[
        should(Rfc, "RFC 8216 6.2.4"),
        must(Apple, "Apple HLS Authoring 8.13, 8.15"),
    ],
    parts: &[&NONE, &REPEATED],
    title: "all renditions have the same discontinuities, and an output of a job has none",
    doc: "The chunks of one encode join seamlessly. A discontinuity in the output of a job means that something \
          went wrong.",
    check,
};

const REPEATED: RulePart = RulePart {
    title: "a segment that is repeated follows a discontinuity",
    basis: &[must(Rfc, "RFC 8216 4.3.2.3")],
};

const NONE: RulePart = RulePart {
    title: "the output of a job has no discontinuity",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
};

fn check(view: &View<'_>, out: &mut Findings) {
    // Text outside of MP4 has no times of its own, so that an empty segment may be repeated.
    let text = view.playlists(MediaKind::Text);
    let text = text.filter(|r| !r.maps.is_empty());
    for rendition in view.media_playlists().chain(text) {
        check_repetition(rendition, out);
    }
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

/// The times of a segment that is played again restart, which needs a discontinuity.
fn check_repetition(rendition: &Rendition<'_>, out: &mut Findings) {
    let mut seen = BTreeSet::new();
    for segment in rendition.segments.iter().filter(|s| !s.gap) {
        if segment.discontinuity {
            seen.clear();
        }
        if let Some(part) = segment.part.as_ref().filter(|p| !seen.insert(*p)) {
            let expected = "EXT-X-DISCONTINUITY before a segment that is repeated";
            out.of(&REPEATED)
                .line(&rendition.path, segment.line, expected, part);
            break;
        }
    }
}
