use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M20",
    basis: &[must(Apple, "Apple HLS Authoring 9.16, 1.24")],
    parts: &[&VALUE],
    title: "if a variant is HDR, every variant has VIDEO-RANGE and one variant is SDR",
    doc: "Clients select by VIDEO-RANGE. A display without HDR shows PQ and HLG washed out.",
    check,
};

const VALUE: RulePart = RulePart {
    title: "a VIDEO-RANGE that is present is that of the media",
    basis: &[
        must(Rfc, "rfc8216bis 4.4.6.2"),
        must(Apple, "Apple HLS Authoring 9.16"),
    ],
};

fn check(view: &View<'_>, out: &mut Findings) {
    let variants = view.variants();
    let named = variants.iter().filter(|v| v.get("VIDEO-RANGE").is_some());
    out.each(named).for_each(drop);
    let ranges: Vec<_> = variants
        .iter()
        .map(|v| range(view.rendition_of(v)))
        .collect();
    if ranges.iter().all(|r| *r == "SDR") {
        return;
    }
    out.seen();
    for (variant, range) in variants.iter().zip(&ranges) {
        let found = variant.get("VIDEO-RANGE").unwrap_or("none");
        if found != *range {
            if variant.get("VIDEO-RANGE").is_some() {
                out.of(&VALUE);
            }
            out.multivariant(variant.line, format!("VIDEO-RANGE={range}"), found);
        }
    }
    if !ranges.contains(&"SDR") {
        out.object(MULTIVARIANT, "an SDR variant in addition to HDR", "none");
    }
}

/// `VIDEO-RANGE` by the transfer characteristics (ISO/IEC 23091-2); SDR if they are unknown.
fn range(rendition: Option<&Rendition<'_>>) -> &'static str {
    let init = rendition.and_then(|r| r.init);
    let colour = init.and_then(|i| i.colour.or_else(|| i.sps?.vui.colour));
    match colour.map(|c| c.transfer) {
        Some(16) => "PQ",
        Some(18) => "HLG",
        _ => "SDR",
    }
}
