use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DLV-01",
    basis: &[must(Apple, "Apple HLS Authoring 10.4")],
    parts: &[],
    title: "every object has the Content-Type of its kind",
    doc: "Clients and caches depend on it. With binary/octet-stream some browsers offer a download.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    if view
        .delivery
        .objects
        .values()
        .all(|o| o.content_type.is_none())
    {
        return out.not_judged("the listing has no content types");
    }
    for path in view.delivery.referenced() {
        let (Some(object), Some(allowed)) = (view.object(&path), allowed(&path)) else {
            continue;
        };
        out.seen();
        let found = object.content_type.as_deref().unwrap_or("none");
        let essence = found.split(';').next().unwrap_or_default().trim();
        if !allowed.iter().any(|a| a.eq_ignore_ascii_case(essence)) {
            let expected = format!("Content-Type {}", allowed.join(" or "));
            out.object(&path, expected, found);
        }
    }
}

fn allowed(path: &str) -> Option<&'static [&'static str]> {
    Some(match path.rsplit_once('.')?.1 {
        "m3u8" => &["application/vnd.apple.mpegurl"],
        "mpd" => &["application/dash+xml"],
        "m4s" => &["video/iso.segment"],
        "mp4" | "cmfv" | "cmfa" => &["video/mp4", "audio/mp4"],
        "vtt" => &["text/vtt"],
        "jpg" | "jpeg" => &["image/jpeg"],
        "ts" => &["video/mp2t"],
        _ => return None,
    })
}
