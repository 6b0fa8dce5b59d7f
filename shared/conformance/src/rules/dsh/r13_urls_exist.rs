use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-13",
    severity: Fail,
    set: Standard,
    spec: "pipeline",
    title: "every URL of the MPD is an object, and no segment of the HLS playlists is left out",
    doc: "The init segments and the segments of every expanded template must exist.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for (_, representation) in view.representations() {
        let line = representation.element.line;
        let exists = |path: &str| view.object(path).is_some_and(|o| o.size > 0);
        let init = representation.init.iter().map(|part| (line, &part.path));
        let segments = representation.segments.iter().map(|s| (s.line, &s.path));
        for (line, path) in init.chain(segments).filter(|(_, p)| !exists(p)) {
            // A segment that HLS misses too is reported once, as SEG-01; an init segment as HLS-P10.
            if !view.renditions.iter().any(|r| references(r, path)) {
                out.mpd(line, format!("the object {path}"), "no such object");
            }
        }
        let Some(rendition) = view.rendition_of_representation(representation) else {
            continue;
        };
        let (expected, found) = (rendition.segments.len(), representation.segments.len());
        if expected != found {
            let expected = format!("{expected} segments as in {}", rendition.path);
            out.mpd(line, expected, found);
        }
    }
}

fn references(rendition: &Rendition<'_>, path: &str) -> bool {
    let segments = rendition.segments.iter().filter_map(|s| s.part.as_ref());
    segments.chain(&rendition.maps).any(|p| p.path == path)
}
