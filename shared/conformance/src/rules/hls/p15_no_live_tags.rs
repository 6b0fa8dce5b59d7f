use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P15",
    basis: &[may(Reelsmith, "Apple HLS Authoring 8.4")],
    parts: &[],
    title: "there is no tag that only live playlists use",
    doc: "The tag is harmless, but it shows that the packager treated the programme as live.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for (path, playlist) in out.each(view.delivery.playlists()) {
        for tag in &playlist.live_tags {
            out.line(
                path,
                tag.line,
                "no tag of live playlists",
                format!("#{}", tag.value),
            );
        }
    }
}
