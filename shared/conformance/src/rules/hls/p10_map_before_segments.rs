use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P10",
    basis: &[
        must(Rfc, "RFC 8216 3.3, 4.3.2.5"),
        must(Apple, "Apple HLS Authoring 8.20"),
    ],
    parts: &[],
    title: "fragmented MP4 segments follow an EXT-X-MAP, and its object exists",
    doc: "A fragment cannot be decoded without its init segment.",
    check,
};

const EXTENSIONS: [&str; 4] = [".m4s", ".mp4", ".cmfv", ".cmfa"];

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in &view.renditions {
        let mp4 = |path: &String| EXTENSIONS.iter().any(|e| path.ends_with(e));
        let mut segments = rendition.playlist.segments.iter();
        if !rendition.maps.is_empty() {
            out.seen();
        }
        let unmapped = segments.find(|s| s.map.is_none() && s.uri.path.as_ref().is_some_and(mp4));
        if let Some(segment) = unmapped {
            let expected = "EXT-X-MAP before the segment";
            out.line(&rendition.path, segment.line, expected, "none");
        }
        for map in &rendition.maps {
            match view.object(&map.path) {
                None => {
                    let expected = format!("the init segment {map}");
                    out.object(&rendition.path, expected, "no such object");
                }
                Some(object) if object.size == 0 => {
                    out.object(&map.path, "an init segment", "0 bytes");
                }
                Some(_) => {}
            }
        }
    }
}
