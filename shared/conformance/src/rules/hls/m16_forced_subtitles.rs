//! HLS-M16: FORCED on subtitles only, and then AUTOSELECT=YES.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::report::Severity;
use crate::view::View;

/// FORCED on subtitles only, and then AUTOSELECT=YES.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M16",
    severity: Severity::Warn,
    spec: "RFC 8216 4.3.4.1, Apple HLS Authoring 5.11",
    set: RuleSet::Standard,
    title: "FORCED on subtitles only, and then AUTOSELECT=YES",
    doc: "Forced subtitles are shown without being chosen, so the player must be allowed to select them by itself.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for media in view
        .media()
        .iter()
        .filter(|m| m.attributes.get("FORCED").is_some())
    {
        if media.kind() != "SUBTITLES" {
            out.line(
                MULTIVARIANT,
                media.line,
                "FORCED with TYPE=SUBTITLES only",
                media.kind(),
            );
        } else if media.is_yes("FORCED") && !media.is_yes("AUTOSELECT") {
            out.line(
                MULTIVARIANT,
                media.line,
                "AUTOSELECT=YES where FORCED=YES",
                "not",
            );
        }
    }
}
