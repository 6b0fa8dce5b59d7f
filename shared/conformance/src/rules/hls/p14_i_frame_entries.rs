use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P14",
    severity: Fail,
    set: Standard,
    spec: "RFC 8216 4.3.3.6, Apple HLS Authoring 6.8",
    title: "an I-frame playlist has EXT-X-I-FRAMES-ONLY, and each entry is exactly one IDR picture",
    doc: "Each byte range starts at the `moof` of a fragment and ends where its first picture ends.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in view.of_kind(MediaKind::IFrames) {
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
            let pictures = idr_pictures(view, &part.path);
            if pictures.is_some_and(|p| !p.contains(&(offset, end))) {
                let expected = format!("the moof and one IDR picture of {}", part.path);
                let found = format!("{offset} to {end}");
                out.line(&rendition.path, segment.line, expected, found);
            }
        }
    }
}

/// Start of the `moof` and end of the first picture of each fragment that starts with an IDR picture; `None` if the
/// segment was not measured.
fn idr_pictures(view: &View<'_>, path: &str) -> Option<Vec<(u64, u64)>> {
    let facts = view.delivery.segment(&Part::whole(path))?;
    let both = facts.fragments.iter().zip(&facts.first_pictures);
    let idr = both.filter(|(_, p)| p.as_ref().is_some_and(|p| p.idr == Some(true)));
    let ranges = idr.filter_map(|(f, _)| {
        let first = f.samples.first()?;
        Some((f.moof.start, first.offset.saturating_add(first.size.into())))
    });
    Some(ranges.collect())
}
