use oxilangtag::LanguageTag;

use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M13",
    basis: &[
        must(Rfc, "RFC 8216 4.3.4.1"),
        must(Apple, "Apple HLS Authoring 8.10, 4.7"),
    ],
    parts: &[&PRESENT],
    title: "every audio and caption rendition has a LANGUAGE, and it is a BCP 47 tag",
    doc: "Clients select renditions by language. A value that is not a language tag never matches.",
    check,
};

const PRESENT: RulePart = RulePart {
    title: "LANGUAGE is present",
    basis: &[must(Apple, "Apple HLS Authoring 8.10, 4.7")],
};

fn check(view: &View<'_>, out: &mut Findings) {
    let tags = view.media_tags().iter();
    for tag in out.each(tags.filter(|t| t.media_type() != "VIDEO")) {
        match tag.get("LANGUAGE") {
            None => out.of(&PRESENT).multivariant(tag.line, "LANGUAGE", "none"),
            Some(language) if LanguageTag::parse(language).is_err() => {
                out.multivariant(tag.line, "a BCP 47 language tag", language);
            }
            Some(_) => {}
        }
    }
}
