//! HLS-M18: audio of other languages is in streams of its own.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::report::Severity;
use crate::view::View;

/// Audio of other languages is in streams of its own.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M18",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 9.7, 2.17",
    set: RuleSet::Standard,
    title: "audio of other languages is in streams of its own",
    doc: "With more than one audio rendition each needs a URI: what is muxed into a variant cannot be switched without the video.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let audio: Vec<_> = view
        .media()
        .iter()
        .filter(|m| m.kind() == "AUDIO")
        .collect();
    if audio.len() < 2 {
        return;
    }
    for media in audio.iter().filter(|m| m.uri.is_none()) {
        let expected = format!("a URI for audio {:?}", media.name());
        out.line(
            MULTIVARIANT,
            media.line,
            expected,
            "audio muxed into the variants",
        );
    }
}
