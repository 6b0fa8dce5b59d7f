//! HLS-M13: LANGUAGE on every audio and caption rendition, a BCP 47 tag.

use oxilangtag::LanguageTag;

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::report::Severity;
use crate::view::View;

/// LANGUAGE on every audio and caption rendition, a BCP 47 tag.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M13",
    severity: Severity::Fail,
    spec: "RFC 8216 4.3.4.1, Apple HLS Authoring 8.10, 4.7",
    set: RuleSet::Standard,
    title: "LANGUAGE on every audio and caption rendition, a BCP 47 tag",
    doc: "Players choose by language; a tag that is none is never chosen.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for media in view.media().iter().filter(|m| m.kind() != "VIDEO") {
        match media.attributes.get("LANGUAGE") {
            None => out.line(MULTIVARIANT, media.line, "LANGUAGE", "none"),
            Some(tag) if LanguageTag::parse(tag).is_err() => {
                out.line(MULTIVARIANT, media.line, "a BCP 47 language tag", tag);
            }
            Some(_) => {}
        }
    }
}
