use oxilangtag::LanguageTag;

use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M13",
    severity: Fail,
    set: Standard,
    spec: "RFC 8216 4.3.4.1, Apple HLS Authoring 8.10, 4.7",
    title: "every audio and caption rendition has a LANGUAGE, and it is a BCP 47 tag",
    doc: "Clients select renditions by language. A value that is not a language tag never matches.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for tag in view
        .media_tags()
        .iter()
        .filter(|t| t.media_type() != "VIDEO")
    {
        match tag.get("LANGUAGE") {
            None => out.multivariant(tag.line, "LANGUAGE", "none"),
            Some(language) if LanguageTag::parse(language).is_err() => {
                out.multivariant(tag.line, "a BCP 47 language tag", language);
            }
            Some(_) => {}
        }
    }
}
