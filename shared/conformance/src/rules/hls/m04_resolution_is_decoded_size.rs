use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M04",
    severity: Fail,
    set: Standard,
    spec: "RFC 8216 4.3.4.2, Apple HLS Authoring 9.2",
    title: "RESOLUTION is present and equals the decoded picture size",
    doc: "Clients select a variant by RESOLUTION. It is compared with the sequence parameter set of H.264 and with \
          the sample entry of HEVC.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for variant in view.variants().iter().filter(|v| v.has_video()) {
        let Some((width, height)) = variant.resolution() else {
            out.multivariant(variant.line, "RESOLUTION", "none");
            continue;
        };
        let coded = view.rendition_of(variant).and_then(Rendition::picture_size);
        if let Some((w, h)) = coded.filter(|size| *size != (width, height)) {
            let expected = format!("RESOLUTION={w}x{h} as coded");
            out.multivariant(variant.line, expected, format!("{width}x{height}"));
        }
    }
}
