use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M11",
    basis: &[must(Rfc, "RFC 8216 4.3.4.2, 4.3.4.1.1")],
    parts: &[&REFERENCED],
    title: "every referenced group exists, and every group is referenced",
    doc: "A variant that references a missing group cannot be played. A group that no variant references is never \
          offered.",
    check,
};

const REFERENCED: RulePart = RulePart {
    title: "every group is referenced by a variant",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
};

const GROUPS: [&str; 4] = ["AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS"];

fn check(view: &View<'_>, out: &mut Findings) {
    let exists = |kind: &str, id: &str| {
        let mut tags = view.media_tags().iter();
        tags.any(|t| t.media_type() == kind && t.group_id() == id)
    };
    for variant in view.variants() {
        let attributes = variant.attributes.0.iter();
        let groups = attributes.filter(|a| a.quoted && GROUPS.contains(&&*a.name));
        for group in out.each(groups).filter(|g| !exists(&g.name, &g.value)) {
            let (kind, id) = (&group.name, &group.value);
            let expected = format!("EXT-X-MEDIA with TYPE={kind} in group {id:?}");
            out.multivariant(variant.line, expected, "none");
        }
    }
    for tag in out.each(view.media_tags()) {
        let mut variants = view.variants().iter();
        if !variants.any(|v| v.get(tag.media_type()) == Some(tag.group_id())) {
            let expected = format!("a variant that references group {:?}", tag.group_id());
            out.of(&REFERENCED).multivariant(tag.line, expected, "none");
        }
    }
}
