use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P14",
    basis: &[
        must(Rfc, "RFC 8216 4.3.3.6"),
        must(Apple, "Apple HLS Authoring 6.8"),
    ],
    parts: &[],
    title: "an I-frame playlist has EXT-X-I-FRAMES-ONLY, and each entry is exactly one IDR picture",
    doc: "Each byte range starts at the `moof` of a fragment and ends where its first picture ends.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in out.each(view.playlists(MediaKind::IFrames)) {
        if rendition.playlist.i_frames_only.is_none() {
            out.object(&rendition.path, "EXT-X-I-FRAMES-ONLY", "none");
        }
        for segment in &rendition.segments {
            let Some((part, (offset, length))) =
                segment.part.as_ref().and_then(|p| Some((p, p.range?)))
            else {
                continue;
            };
            let end = offset.saturating_add(length);
            let pictures = first_pictures(view, &part.path);
            if pictures.is_some_and(|p| !p.contains(&(offset, end))) {
                let expected = format!("the moof and one independent picture of {}", part.path);
                let found = format!("{offset} to {end}");
                out.line(&rendition.path, segment.line, expected, found);
            }
        }
    }
}

/// Start of the `moof` and end of the first picture of each fragment that starts with a picture that can be decoded
/// alone; `None` if no part of the object was measured.
fn first_pictures(view: &View<'_>, path: &str) -> Option<Vec<(u64, u64)>> {
    let mut parts = view.delivery.measured_parts(path).peekable();
    parts.peek()?;
    let ranges = parts.flat_map(|(offset, facts)| {
        let both = facts.fragments.iter().zip(&facts.first_pictures);
        both.filter_map(move |(fragment, picture)| {
            let first = fragment.samples.first()?;
            // SEG-03 judges a picture that is only flagged as independent.
            let found = match picture {
                Some(picture) => picture.idr.is_some_and(|idr| idr || first.sync),
                None => first.sync,
            };
            let end = first.offset.saturating_add(first.size.into());
            let range = (
                offset.saturating_add(fragment.moof.start),
                offset.saturating_add(end),
            );
            found.then_some(range)
        })
    });
    Some(ranges.collect())
}
