use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M21",
    basis: &[must(Rfc, "RFC 8216 4.3.4.3")],
    parts: &[&PRESENT],
    title: "there are I-frame playlists, with CODECS and RESOLUTION",
    doc: "Clients use them for fast forward, rewind and the pictures of the scrubber.",
    check,
};

const PRESENT: RulePart = RulePart {
    title: "there are I-frame playlists, with CODECS and RESOLUTION",
    basis: &[must(Apple, "Apple HLS Authoring 6.1, 9.3, 9.4")],
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(multivariant) = view.multivariant else {
        return;
    };
    let video = view.playlists(MediaKind::Video).next().is_some();
    if video || !multivariant.i_frame_variants.is_empty() {
        out.seen();
    }
    if multivariant.i_frame_variants.is_empty() && video {
        out.of(&PRESENT)
            .object(MULTIVARIANT, "EXT-X-I-FRAME-STREAM-INF", "none");
    }
    for variant in &multivariant.i_frame_variants {
        for required in ["CODECS", "RESOLUTION"] {
            if variant.get(required).is_none() {
                let expected = format!("{required} in EXT-X-I-FRAME-STREAM-INF");
                out.of(&PRESENT)
                    .multivariant(variant.line, expected, "none");
            }
        }
    }
}
