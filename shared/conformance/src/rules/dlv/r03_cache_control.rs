//! DLV-03: Cache-Control: segments immutable, playlists not for ever.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// Cache-Control: segments immutable, playlists not for ever.
pub(super) static RULE: Rule = Rule {
    id: "DLV-03",
    severity: Severity::Warn,
    spec: "pipeline",
    set: RuleSet::Pipeline,
    title: "Cache-Control: segments immutable, playlists not for ever",
    doc: "Segments never change under their name. A playlist should be asked for again some time.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for object in view.delivery.objects.values() {
        let found = object.cache_control.as_deref().unwrap_or("none");
        let extension = object.path.rsplit_once('.').map_or("", |(_, e)| e);
        let expected = match extension {
            "m4s" | "ts" | "vtt" if !found.contains("immutable") => "immutable in Cache-Control",
            "m3u8" | "mpd" if found == "none" || found.contains("immutable") => {
                "Cache-Control with a short life"
            }
            _ => continue,
        };
        out.add(&object.path, None, expected, found);
    }
}
