//! HLS-M12: EXT-X-MEDIA is complete and unambiguous.

use std::collections::BTreeSet;

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::report::Severity;
use crate::view::View;

/// EXT-X-MEDIA is complete and unambiguous.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M12",
    severity: Severity::Fail,
    spec: "RFC 8216 4.3.4.1",
    set: RuleSet::Standard,
    title: "EXT-X-MEDIA is complete and unambiguous",
    doc: "TYPE, GROUP-ID and NAME are there; a name is unique in its group; at most one is DEFAULT; a default one is not AUTOSELECT=NO.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let mut names = BTreeSet::new();
    let mut defaults = BTreeSet::new();
    for media in view.media() {
        for needed in ["TYPE", "GROUP-ID", "NAME"] {
            if media.attributes.get(needed).is_none() {
                out.line(MULTIVARIANT, media.line, needed, "none");
            }
        }
        if !matches!(
            media.kind(),
            "" | "AUDIO" | "VIDEO" | "SUBTITLES" | "CLOSED-CAPTIONS"
        ) {
            out.line(MULTIVARIANT, media.line, "a known TYPE", media.kind());
        }
        if !names.insert((media.kind(), media.group(), media.name())) {
            let expected = format!("NAME {:?} once in its group", media.name());
            out.line(MULTIVARIANT, media.line, expected, "it twice");
        }
        if media.is_yes("DEFAULT") {
            if !defaults.insert((media.kind(), media.group())) {
                out.line(
                    MULTIVARIANT,
                    media.line,
                    "one DEFAULT=YES in a group",
                    "another",
                );
            }
            if media.attributes.get("AUTOSELECT") == Some("NO") {
                out.line(
                    MULTIVARIANT,
                    media.line,
                    "AUTOSELECT=YES where DEFAULT=YES",
                    "NO",
                );
            }
        }
    }
}
