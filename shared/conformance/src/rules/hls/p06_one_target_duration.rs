use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P06",
    basis: &[
        must(Rfc, "RFC 8216 6.2.4"),
        must(Apple, "Apple HLS Authoring 8.2"),
    ],
    parts: &[],
    title: "all video and audio playlists have the same target duration",
    doc: "Clients use it to keep audio and video in step, and Apple devices require one value.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let mut targets = view
        .media_playlists()
        .filter_map(|r| Some((r, r.playlist.target_duration.as_ref()?)));
    let Some((_, first)) = targets.next() else {
        return;
    };
    for (rendition, target) in out.each(targets).filter(|(_, t)| t.value != first.value) {
        let expected = format!("EXT-X-TARGETDURATION:{} as in the others", first.value);
        out.line(&rendition.path, target.line, expected, target.value);
    }
}
