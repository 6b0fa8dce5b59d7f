use reelsmith_core::record::RungOutput;

use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-01",
    basis: &[
        must(Rfc, "RFC 8216 4.1, 6.2.1"),
        must(Dash, "ISO/IEC 23009-1 5.3.9.1"),
    ],
    parts: &[&RECORDED],
    title: "every referenced object exists and has the size that its worker recorded",
    doc: "A playlist that references a missing segment stops every client at that point. Sizes are compared with \
          the rendition records.",
    check,
};

const RECORDED: RulePart = RulePart {
    title: "sizes and numbers of segments are those that were recorded",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
};

fn check(view: &View<'_>, out: &mut Findings) {
    let size = |path: &str| view.object(path).map(|o| o.size);
    let missing = |path: &str| size(path).is_none_or(|s| s == 0);
    for uri in view.multivariant.into_iter().flat_map(Playlist::references) {
        let path = out.each(uri.path.as_ref());
        for path in path.filter(|p| missing(p)) {
            let expected = format!("the playlist {path}");
            out.multivariant(uri.line, expected, "no such object");
        }
    }
    for rendition in &view.renditions {
        for segment in rendition.segments.iter().filter(|s| !s.gap) {
            let part = out.each(segment.part.as_ref());
            for part in part.filter(|p| missing(&p.path)) {
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
            out.of(&RECORDED)
                .object(&path, expected, format!("{found} bytes"));
        }
    }
    let Some(rendition) = view.in_folder(folder) else {
        return;
    };
    let (expected, found) = (recorded.segments.len(), rendition.segments.len());
    if expected > 0 && found != expected {
        let expected = format!("{expected} segments as recorded");
        out.of(&RECORDED).object(&rendition.path, expected, found);
    }
}
