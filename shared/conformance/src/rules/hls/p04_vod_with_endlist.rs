use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P04",
    basis: &[must(Reelsmith, "RFC 8216 4.3.3.4, 4.3.3.5")],
    parts: &[&TYPE],
    title: "the playlist has EXT-X-ENDLIST and EXT-X-PLAYLIST-TYPE:VOD",
    doc: "Without EXT-X-ENDLIST a client treats the programme as live: it starts near the end and keeps reloading \
          the playlist.",
    check,
};

const TYPE: RulePart = RulePart {
    title: "a playlist with EXT-X-ENDLIST has EXT-X-PLAYLIST-TYPE:VOD",
    basis: &[should(Apple, "Apple HLS Authoring 8.6")],
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in out.each(&view.renditions) {
        let (path, playlist) = (&rendition.path, rendition.playlist);
        if playlist.end_list.is_none() {
            out.object(path, "EXT-X-ENDLIST", "none");
        }
        match &playlist.playlist_type {
            None => out
                .of(&TYPE)
                .object(path, "EXT-X-PLAYLIST-TYPE:VOD", "none"),
            Some(kind) if kind.value != "VOD" => {
                out.of(&TYPE)
                    .line(path, kind.line, "EXT-X-PLAYLIST-TYPE:VOD", &kind.value);
            }
            Some(_) => {}
        }
    }
}
