use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M19",
    basis: &[must(Apple, "Apple HLS Authoring 9.11, 9.12")],
    parts: &[],
    title: "EXT-X-INDEPENDENT-SEGMENTS is present",
    doc: "It is in the multivariant playlist or in every video playlist. Without it a client may not assume that it \
          can start decoding at any segment.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(multivariant) = view.multivariant else {
        return;
    };
    out.seen();
    let in_all = view
        .playlists(MediaKind::Video)
        .all(|r| r.playlist.independent_segments.is_some());
    if multivariant.independent_segments.is_none() && !in_all {
        out.object(MULTIVARIANT, "EXT-X-INDEPENDENT-SEGMENTS", "none");
    }
}
