use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DLV-03",
    basis: &[should(Reelsmith, "the promises of this pipeline")],
    parts: &[],
    title: "Cache-Control is immutable for segments and short for playlists",
    doc: "The content of a segment never changes under its name. A playlist must be requested again after some time.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    if view
        .delivery
        .objects
        .values()
        .all(|o| o.content_type.is_none())
    {
        return out.not_judged("the listing has no headers");
    }
    for object in view.delivery.objects.values() {
        let found = object.cache_control.as_deref().unwrap_or("none");
        let immutable = found.contains("immutable");
        let extension = object.path.rsplit_once('.').map_or("", |(_, e)| e);
        if matches!(extension, "m4s" | "ts" | "vtt" | "m3u8" | "mpd") {
            out.seen();
        }
        let expected = match extension {
            "m4s" | "ts" | "vtt" if !immutable => "immutable in Cache-Control",
            "m3u8" | "mpd" if found == "none" || immutable => "Cache-Control with a short lifetime",
            _ => continue,
        };
        out.object(&object.path, expected, found);
    }
}
