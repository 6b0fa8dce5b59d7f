use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M06",
    basis: &[must(Apple, "Apple HLS Authoring 9.14")],
    parts: &[],
    title: "AVERAGE-BANDWIDTH is present",
    doc: "Without it a client takes the peak for the average and selects a lower variant than the network allows.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for variant in out.each(view.variants()) {
        if variant.average_bandwidth().is_none() {
            out.multivariant(variant.line, "AVERAGE-BANDWIDTH", "none");
        }
    }
}
