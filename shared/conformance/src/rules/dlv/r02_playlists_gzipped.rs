use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DLV-02",
    basis: &[should(Apple, "Apple HLS Authoring 10.1")],
    parts: &[],
    title: "playlists and MPDs are compressed with gzip",
    doc: "They are repetitive text that a client loads before anything plays, and shrink to a tenth of their size.",
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
        let text = object.path.ends_with(".m3u8") || object.path.ends_with(".mpd");
        if text {
            out.seen();
        }
        let encoding = object.content_encoding.as_deref().unwrap_or("none");
        if text && encoding != "gzip" {
            out.object(&object.path, "Content-Encoding gzip", encoding);
        }
    }
}
