use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P04",
    severity: Fail,
    set: Standard,
    spec: "RFC 8216 4.3.3.4, 4.3.3.5, Apple HLS Authoring 8.6",
    title: "the playlist has EXT-X-ENDLIST and EXT-X-PLAYLIST-TYPE:VOD",
    doc: "Without EXT-X-ENDLIST a client treats the programme as live: it starts near the end and keeps reloading \
          the playlist.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in &view.renditions {
        let (path, playlist) = (&rendition.path, rendition.playlist);
        if playlist.end_list.is_none() {
            out.object(path, "EXT-X-ENDLIST", "none");
        }
        match &playlist.playlist_type {
            None => out.object(path, "EXT-X-PLAYLIST-TYPE:VOD", "none"),
            Some(kind) if kind.value != "VOD" => {
                out.line(path, kind.line, "EXT-X-PLAYLIST-TYPE:VOD", &kind.value);
            }
            Some(_) => {}
        }
    }
}
