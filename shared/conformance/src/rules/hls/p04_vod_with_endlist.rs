//! HLS-P04: EXT-X-ENDLIST and EXT-X-PLAYLIST-TYPE:VOD.

use super::super::{Findings, Rule, RuleSet};
use crate::report::{Location, Severity};
use crate::view::View;

/// EXT-X-ENDLIST and EXT-X-PLAYLIST-TYPE:VOD.
pub(super) static RULE: Rule = Rule {
    id: "HLS-P04",
    severity: Severity::Fail,
    spec: "RFC 8216 4.3.3.4, 4.3.3.5, Apple HLS Authoring 8.6",
    set: RuleSet::Standard,
    title: "EXT-X-ENDLIST and EXT-X-PLAYLIST-TYPE:VOD",
    doc: "Without the end a player takes the programme for live: it starts near the end and reloads for ever.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for track in &view.tracks {
        if track.playlist.end_list.is_none() {
            out.add(&track.path, None, "EXT-X-ENDLIST", "none");
        }
        let kind = track.playlist.playlist_type.as_ref();
        if kind.map(|k| k.value.as_str()) != Some("VOD") {
            let found = kind.map_or("none", |k| k.value.as_str());
            let location = kind.map(|k| Location::Line(k.line));
            out.add(&track.path, location, "EXT-X-PLAYLIST-TYPE:VOD", found);
        }
    }
}
