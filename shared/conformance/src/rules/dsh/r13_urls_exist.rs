//! DSH-13: every URL of the MPD is an object, and none of the HLS segments is left out.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MPD;
use crate::report::Severity;
use crate::view::{Track, View};

/// Every URL of the MPD is an object, and none of the HLS segments is left out.
pub(super) static RULE: Rule = Rule {
    id: "DSH-13",
    severity: Severity::Fail,
    spec: "pipeline",
    set: RuleSet::Standard,
    title: "every URL of the MPD is an object, and none of the HLS segments is left out",
    doc: "Init segments and segments of every expanded template must be there.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for (_, representation) in view.mpd.into_iter().flat_map(|m| m.representations()) {
        let line = representation.element.line;
        let there = |path: &str| view.delivery.objects.get(path).is_some_and(|o| o.size > 0);
        let init = representation.init.iter().map(|(path, _)| (line, path));
        let segments = representation.segments.iter().map(|s| (s.line, &s.path));
        for (line, path) in init.chain(segments).filter(|(_, p)| !there(p)) {
            // A segment that HLS misses too is reported once, as SEG-01; an init segment as HLS-P10.
            let known = view.tracks.iter().any(|t| names(t, path));
            if !known {
                out.line(MPD, line, format!("the object {path}"), "no such object");
            }
        }
        let track = representation
            .init
            .as_ref()
            .and_then(|(p, _)| view.of_init(p));
        if let Some(track) = track.filter(|t| t.segments.len() != representation.segments.len()) {
            let expected = format!("{} segments as {}", track.segments.len(), track.path);
            out.line(
                MPD,
                line,
                expected,
                representation.segments.len().to_string(),
            );
        }
    }
}

fn names(track: &Track<'_>, path: &str) -> bool {
    let mut segments = track.segments.iter().filter_map(|s| s.part.as_ref());
    segments.any(|p| p.path == path) || track.maps.iter().any(|m| m.path == path)
}
