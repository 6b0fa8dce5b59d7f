//! SEG-01: every referenced object is there, and as large as its worker recorded.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::expectation::Recorded;
use crate::report::Severity;
use crate::view::View;

/// Every referenced object is there, and as large as its worker recorded.
pub(super) static RULE: Rule = Rule {
    id: "SEG-01",
    severity: Severity::Fail,
    spec: "pipeline",
    set: RuleSet::Standard,
    title: "every referenced object is there, and as large as its worker recorded",
    doc: "A playlist that names a missing segment stops every player at that point. Sizes are compared with the rendition records.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let size = |path: &str| view.delivery.objects.get(path).map(|o| o.size);
    let playlists = view.multivariant.into_iter().flat_map(|m| {
        let variants = m.variants.iter().chain(&m.i_frame_variants).map(|v| &v.uri);
        variants.chain(m.media.iter().map(|t| &t.uri)).flatten()
    });
    for uri in playlists {
        if let Some(path) = uri.path.as_ref().filter(|p| size(p).is_none_or(|s| s == 0)) {
            out.line(
                MULTIVARIANT,
                uri.line,
                format!("the playlist {path}"),
                "no such object",
            );
        }
    }
    for track in &view.tracks {
        for segment in &track.segments {
            let Some(part) = &segment.part else { continue };
            if size(&part.path).is_none_or(|s| s == 0) {
                let found = size(&part.path).map_or("no such object", |_| "0 bytes");
                out.line(
                    &track.path,
                    segment.line,
                    format!("the segment {part}"),
                    found,
                );
            }
        }
    }
    for (folder, recorded) in view.expected.into_iter().flat_map(|e| e.recorded()) {
        compare(view, folder, recorded, out);
    }
}

fn compare(view: &View<'_>, folder: &str, recorded: &Recorded, out: &mut Findings) {
    for record in &recorded.segments {
        let path = format!("{folder}/{}", record.name);
        let found = view.delivery.objects.get(&path).map(|o| o.size);
        if let Some(found) = found.filter(|f| *f > 0 && *f != record.size.0) {
            out.add(
                &path,
                None,
                format!("{} as recorded", record.size),
                format!("{found} bytes"),
            );
        }
    }
    let Some(track) = view.in_folder(folder) else {
        return;
    };
    if !recorded.segments.is_empty() && track.segments.len() != recorded.segments.len() {
        let expected = format!("{} segments as recorded", recorded.segments.len());
        out.add(
            &track.path,
            None,
            expected,
            track.segments.len().to_string(),
        );
    }
}
