use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M04",
    basis: &[
        must(Rfc, "RFC 8216 4.3.4.2"),
        must(Apple, "Apple HLS Authoring 9.2"),
    ],
    parts: &[&PRESENT],
    title: "RESOLUTION is present and equals the decoded picture size",
    doc: "Clients select a variant by RESOLUTION. It is compared with the sequence parameter set of H.264 and with \
          the sample entry of HEVC.",
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
        let coded = view.rendition_of(variant).and_then(Rendition::picture_size);
        if let Some((w, h)) = coded.filter(|size| *size != (width, height)) {
            let expected = format!("RESOLUTION={w}x{h} as coded");
            out.multivariant(variant.line, expected, format!("{width}x{height}"));
        }
    }
}
