//! DLV-04: playlists and the MPD were written after everything they name.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::report::Severity;
use crate::view::View;

/// Playlists and the MPD were written after everything they name.
pub(super) static RULE: Rule = Rule {
    id: "DLV-04",
    severity: Severity::Fail,
    spec: "pipeline",
    set: RuleSet::Pipeline,
    title: "playlists and the MPD were written after everything they name",
    doc: "Whoever sees a playlist must find its segments. Compared where the store says when an object was written.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let written = |path: &str| view.delivery.objects.get(path).and_then(|o| o.modified_ms);
    for track in &view.tracks {
        let Some(playlist) = written(&track.path) else {
            continue;
        };
        let parts = track.segments.iter().filter_map(|s| s.part.as_ref());
        let later = parts
            .filter(|p| written(&p.path).is_some_and(|s| s > playlist))
            .count();
        if later > 0 {
            let found = format!("{later} segments written later");
            out.add(&track.path, None, "written after its segments", found);
        }
        if written(MULTIVARIANT).is_some_and(|m| m < playlist) {
            let expected = format!("written after {}", track.path);
            out.add(MULTIVARIANT, None, expected, "written before");
        }
    }
}
