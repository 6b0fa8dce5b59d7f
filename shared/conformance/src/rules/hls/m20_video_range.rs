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
    for variant in variants {
        let declared = variant.get("VIDEO-RANGE");
        let known = view.rendition_of(variant).and_then(transfer);
        let measured = known.map(|_| range(view.rendition_of(variant)));
        // The loop below reports the others.
        if let (Some(declared), Some("SDR")) = (declared, measured)
            && declared != "SDR"
        {
            out.of(&VALUE)
                .multivariant(variant.line, "VIDEO-RANGE=SDR", declared);
        }
    }
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
        if found != *range && *range != "SDR" || found == "none" {
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
    match rendition.and_then(transfer) {
        Some(16) => "PQ",
        Some(18) => "HLG",
        _ => "SDR",
    }
}

/// The transfer characteristics, if they are stated.
fn transfer(rendition: &Rendition<'_>) -> Option<u16> {
    let init = rendition.init?;
    let colour = init.colour.or_else(|| init.sps?.vui.colour);
    colour.map(|c| c.transfer)
}
