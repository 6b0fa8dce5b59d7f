use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M18",
    basis: &[must(Apple, "Apple HLS Authoring 9.7, 2.17")],
    parts: &[],
    title: "if there are several audio renditions, each is a separate stream",
    doc: "Each needs a URI of its own. Audio that is muxed into a variant cannot be switched without switching the \
          video.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let audio = view
        .media_tags()
        .iter()
        .filter(|t| t.media_type() == "AUDIO");
    if audio.clone().count() < 2 {
        return;
    }
    out.seen();
    for tag in audio.filter(|t| t.uri.is_none()) {
        let expected = format!("a URI for audio {:?}", tag.name());
        out.multivariant(tag.line, expected, "audio muxed into the variants");
    }
}
