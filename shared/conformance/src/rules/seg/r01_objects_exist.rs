use reelsmith_core::record::RungOutput;

use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-01",
    severity: Fail,
    set: Standard,
    spec: "pipeline",
    title: "every referenced object exists and has the size that its worker recorded",
    doc: "A playlist that references a missing segment stops every client at that point. Sizes are compared with \
          the rendition records.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let size = |path: &str| view.object(path).map(|o| o.size);
    let missing = |path: &str| size(path).is_none_or(|s| s == 0);
    for uri in view.multivariant.into_iter().flat_map(Playlist::references) {
        if let Some(path) = uri.path.as_ref().filter(|p| missing(p)) {
            let expected = format!("the playlist {path}");
            out.multivariant(uri.line, expected, "no such object");
        }
    }
    for rendition in &view.renditions {
        for segment in rendition.segments.iter().filter(|s| !s.gap) {
            if let Some(part) = segment.part.as_ref().filter(|p| missing(&p.path)) {
                let found = size(&part.path).map_or("no such object", |_| "0 bytes");
                let expected = format!("the segment {part}");
                out.line(&rendition.path, segment.line, expected, found);
            }
        }
    }
    for recorded in view.recorded() {
        compare(view, recorded, out);
    }
}

fn compare(view: &View<'_>, recorded: &RungOutput, out: &mut Findings) {
    let folder = &recorded.rendition;
    for record in &recorded.segments {
        let path = format!("{folder}/{}", record.name);
        let found = view.object(&path).map(|o| o.size);
        if let Some(found) = found.filter(|f| *f > 0 && *f != record.size.0) {
            let expected = format!("{} as recorded", record.size);
            out.object(&path, expected, format!("{found} bytes"));
        }
    }
    let Some(rendition) = view.in_folder(folder) else {
        return;
    };
    let (expected, found) = (recorded.segments.len(), rendition.segments.len());
    if expected > 0 && found != expected {
        let expected = format!("{expected} segments as recorded");
        out.object(&rendition.path, expected, found);
    }
}
