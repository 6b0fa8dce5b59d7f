use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M26",
    basis: &[
        should(Rfc, "rfc8216bis 4.4.6.2"),
        should(Apple, "Apple HLS Authoring 9.19"),
    ],
    parts: &[],
    title: "either all variants have a SCORE, or none has",
    doc: "A client compares scores only if every variant has one.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let has_score = |v: &&Variant| v.get("SCORE").is_some();
    if view.variants().iter().any(|v| has_score(&v)) {
        out.seen();
        for variant in view.variants().iter().filter(|v| !has_score(v)) {
            out.multivariant(
                variant.line,
                "SCORE, because other variants have it",
                "none",
            );
        }
    }
}
