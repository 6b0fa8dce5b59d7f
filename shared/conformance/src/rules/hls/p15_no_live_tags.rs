//! HLS-P15: no tag that only live playlists have a use for.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// No tag that only live playlists have a use for.
pub(super) static RULE: Rule = Rule {
    id: "HLS-P15",
    severity: Severity::Info,
    spec: "Apple HLS Authoring 8.4",
    set: RuleSet::Standard,
    title: "no tag that only live playlists have a use for",
    doc: "Harmless, but it says that the packager took the programme for live.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for (path, playlist) in view.delivery.playlists() {
        for tag in &playlist.live_tags {
            out.line(
                path,
                tag.line,
                "no tag of live playlists",
                format!("#{}", tag.value),
            );
        }
    }
}
