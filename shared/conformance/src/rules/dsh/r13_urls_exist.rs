use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-13",
    basis: &[must(Dash, "ISO/IEC 23009-1 5.3.9.1")],
    parts: &[&HLS],
    title: "every URL of the MPD is an object, and no segment of the HLS playlists is left out",
    doc: "The init segments and the segments of every expanded template must exist.",
    check,
};

const HLS: RulePart = RulePart {
    title: "no segment of the HLS playlists is left out",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
};

fn check(view: &View<'_>, out: &mut Findings) {
    for (_, representation) in out.each(view.representations()) {
        let line = representation.element.line;
        let exists = |path: &str| view.object(path).is_some_and(|o| o.size > 0);
        let init = representation.init.iter().map(|part| (line, &part.path));
        let segments = representation.segments.iter().filter(|s| !s.is_optional);
        let segments = segments.map(|s| (s.line, &s.path));
        for (line, path) in init.chain(segments).filter(|(_, p)| !exists(p)) {
            // A segment that HLS misses too is reported once, as SEG-01; an init segment as HLS-P10.
            if !view.renditions.iter().any(|r| references(r, path)) {
                out.mpd(line, format!("the object {path}"), "no such object");
            }
        }
        let index = representation.index.iter().cloned();
        let parts = representation.init.iter().cloned().chain(index);
        let parts = parts.map(|part| (line, part));
        let segments = representation.segments.iter().map(|s| (s.line, s.part()));
        let beyond = parts.chain(segments).find(|(_, part)| {
            let size = view.object(&part.path).map(|o| o.size);
            let end = part
                .range
                .map(|(offset, length)| offset.saturating_add(length));
            end.zip(size)
                .is_some_and(|(end, size)| size > 0 && end > size)
        });
        if let Some((line, part)) = beyond {
            out.mpd(line, "a range within the object", part);
        }
        let rendition = view.rendition_of_representation(representation);
        let Some(rendition) = rendition.filter(|r| !r.playlist.is_live()) else {
            continue;
        };
        let whole = representation.index.is_some() && !representation.is_indexed;
        if whole || representation.segments.iter().any(|s| s.time.is_none()) {
            continue;
        }
        let (expected, found) = (rendition.segments.len(), representation.segments.len());
        if expected != found {
            let expected = format!("{expected} segments as in {}", rendition.path);
            out.of(&HLS).mpd(line, expected, found);
        }
    }
}

fn references(rendition: &Rendition<'_>, path: &str) -> bool {
    let segments = rendition.segments.iter().filter_map(|s| s.part.as_ref());
    segments.chain(&rendition.maps).any(|p| p.path == path)
}
