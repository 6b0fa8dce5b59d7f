use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DLV-04",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
    parts: &[],
    title: "playlists and the MPD were written after everything they reference",
    doc: "A client that sees a playlist must be able to load its segments. Compared if the store reports when an \
          object was written.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    if view
        .delivery
        .objects
        .values()
        .all(|o| o.modified_ms.is_none())
    {
        return out.not_judged("the listing has no times");
    }
    let written = |path: &str| view.object(path).and_then(|o| o.modified_ms);
    for rendition in &view.renditions {
        let Some(playlist) = written(&rendition.path) else {
            continue;
        };
        out.seen();
        let parts = rendition.segments.iter().filter_map(|s| s.part.as_ref());
        let later = parts.filter(|p| written(&p.path).is_some_and(|s| s > playlist));
        let later = later.count();
        if later > 0 {
            let found = format!("{later} segments written later");
            out.object(&rendition.path, "written after its segments", found);
        }
        if written(MULTIVARIANT).is_some_and(|m| m < playlist) {
            let expected = format!("written after {}", rendition.path);
            out.object(MULTIVARIANT, expected, "written before it");
        }
    }
}
