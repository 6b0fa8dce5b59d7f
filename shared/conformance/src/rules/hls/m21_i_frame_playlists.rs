use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M21",
    severity: Fail,
    set: Standard,
    spec: "Apple HLS Authoring 6.1, 9.3, 9.4",
    title: "there are I-frame playlists, with CODECS and RESOLUTION",
    doc: "Clients use them for fast forward, rewind and the pictures of the scrubber.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(multivariant) = view.multivariant else {
        return;
    };
    if multivariant.i_frame_variants.is_empty() && view.playlists(MediaKind::Video).next().is_some()
    {
        out.object(MULTIVARIANT, "EXT-X-I-FRAME-STREAM-INF", "none");
    }
    for variant in &multivariant.i_frame_variants {
        for required in ["CODECS", "RESOLUTION"] {
            if variant.get(required).is_none() {
                let expected = format!("{required} in EXT-X-I-FRAME-STREAM-INF");
                out.multivariant(variant.line, expected, "none");
            }
        }
    }
}
