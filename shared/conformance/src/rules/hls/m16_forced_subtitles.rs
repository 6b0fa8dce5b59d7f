use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M16",
    basis: &[
        must(Rfc, "RFC 8216 4.3.4.1"),
        should(Reelsmith, "the promises of this pipeline"),
    ],
    parts: &[&AUTOSELECT],
    title: "FORCED is used for subtitles only, and forced subtitles are AUTOSELECT=YES",
    doc: "A client shows forced subtitles although the viewer did not select them, so it must be allowed to select \
          them by itself.",
    check,
};

const AUTOSELECT: RulePart = RulePart {
    title: "forced subtitles are AUTOSELECT=YES",
    basis: &[should(Apple, "Apple HLS Authoring 5.11")],
};

fn check(view: &View<'_>, out: &mut Findings) {
    let tags = view.media_tags().iter();
    for tag in out.each(tags.filter(|t| t.get("FORCED").is_some())) {
        if tag.media_type() != "SUBTITLES" {
            out.multivariant(
                tag.line,
                "FORCED with TYPE=SUBTITLES only",
                tag.media_type(),
            );
        } else if tag.is_yes("FORCED") && !tag.is_yes("AUTOSELECT") {
            let found = tag.get("AUTOSELECT").unwrap_or("none");
            out.of(&AUTOSELECT)
                .multivariant(tag.line, "AUTOSELECT=YES with FORCED=YES", found);
        }
    }
}
