use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DLV-02",
    severity: Warn,
    set: Pipeline,
    spec: "Apple HLS Authoring 10.1",
    title: "playlists and MPDs are compressed with gzip",
    doc: "They are repetitive text that a client loads before anything plays, and shrink to a tenth of their size.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for object in view.delivery.objects.values() {
        let text = object.path.ends_with(".m3u8") || object.path.ends_with(".mpd");
        let encoding = object.content_encoding.as_deref().unwrap_or("none");
        if text && encoding != "gzip" {
            out.object(&object.path, "Content-Encoding gzip", encoding);
        }
    }
}
