//! DLV-02: playlists and MPDs are gzipped.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// Playlists and MPDs are gzipped.
pub(super) static RULE: Rule = Rule {
    id: "DLV-02",
    severity: Severity::Warn,
    spec: "Apple HLS Authoring 10.1",
    set: RuleSet::Pipeline,
    title: "playlists and MPDs are gzipped",
    doc: "They are text that repeats itself: a tenth of the size, loaded before anything plays.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for object in view.delivery.objects.values() {
        let text = object.path.ends_with(".m3u8") || object.path.ends_with(".mpd");
        let encoding = object.content_encoding.as_deref().unwrap_or("none");
        if text && encoding != "gzip" {
            out.add(&object.path, None, "Content-Encoding gzip", encoding);
        }
    }
}
