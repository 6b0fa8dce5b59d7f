//! HLS-P10: fragmented MP4 has an EXT-X-MAP before it, and the object is there.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// Fragmented MP4 has an EXT-X-MAP before it, and the object is there.
pub(super) static RULE: Rule = Rule {
    id: "HLS-P10",
    severity: Severity::Fail,
    spec: "RFC 8216 4.3.2.5, Apple HLS Authoring 8.20",
    set: RuleSet::Standard,
    title: "fragmented MP4 has an EXT-X-MAP before it, and the object is there",
    doc: "Without its init segment a fragment cannot be decoded.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    out.parser_faults(view);
    for track in &view.tracks {
        for segment in &track.playlist.segments {
            let mp4 = |p: &String| {
                [".m4s", ".mp4", ".cmfv", ".cmfa"]
                    .iter()
                    .any(|e| p.ends_with(e))
            };
            if segment.map.is_none() && segment.uri.path.as_ref().is_some_and(mp4) {
                out.line(
                    &track.path,
                    segment.line,
                    "EXT-X-MAP before the segment",
                    "none",
                );
                break;
            }
        }
        for map in &track.maps {
            match view.delivery.objects.get(&map.path) {
                None => out.add(
                    &track.path,
                    None,
                    format!("the init segment {map}"),
                    "no such object",
                ),
                Some(object) if object.size == 0 => {
                    out.add(&map.path, None, "an init segment", "0 bytes");
                }
                Some(_) => {}
            }
        }
    }
}
