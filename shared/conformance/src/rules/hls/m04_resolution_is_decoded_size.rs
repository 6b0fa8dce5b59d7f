use crate::rule::prelude::*;
use crate::rules::declared::display_sizes;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M04",
    basis: &[
        must(Rfc, "RFC 8216 4.3.4.2"),
        must(Apple, "Apple HLS Authoring 9.2"),
    ],
    parts: &[&PRESENT],
    title: "RESOLUTION is present and equals the decoded picture size",
    doc: "Clients select a variant by RESOLUTION. It is compared with the size as coded, by the sequence parameter \
          set or the sample entry, and as displayed, with the sample aspect ratio applied.",
    check,
};

const PRESENT: RulePart = RulePart {
    title: "RESOLUTION is present",
    basis: &[
        should(Rfc, "RFC 8216 4.3.4.2"),
        must(Apple, "Apple HLS Authoring 9.2"),
    ],
};

fn check(view: &View<'_>, out: &mut Findings) {
    let video = view.variants().iter().filter(|v| v.has_video());
    for variant in out.each(video) {
        let Some((width, height)) = variant.resolution() else {
            out.of(&PRESENT)
                .multivariant(variant.line, "RESOLUTION", "none");
            continue;
        };
        let sizes = view.rendition_of(variant).map(display_sizes);
        let sizes = sizes.unwrap_or_default();
        let tolerance = if view.expected.is_some() { 0 } else { 2 };
        let close =
            |(w, h): &(u32, u32)| w.abs_diff(width) <= tolerance && h.abs_diff(height) <= tolerance;
        if let Some((w, h)) = sizes.first().filter(|_| !sizes.iter().any(close)) {
            let expected = format!("RESOLUTION={w}x{h} as decoded");
            out.multivariant(variant.line, expected, format!("{width}x{height}"));
        }
    }
}
