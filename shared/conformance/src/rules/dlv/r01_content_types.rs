//! DLV-01: Content-Type by kind of object.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// Content-Type by kind of object.
pub(super) static RULE: Rule = Rule {
    id: "DLV-01",
    severity: Severity::Fail,
    spec: "RFC 8216 4, Apple HLS Authoring 10.4",
    set: RuleSet::Pipeline,
    title: "Content-Type by kind of object",
    doc: "Players and caches go by it; with binary/octet-stream some browsers offer a download.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for path in view.delivery.referenced() {
        let Some(object) = view.delivery.objects.get(&path) else {
            continue;
        };
        let Some(allowed) = allowed(&path) else {
            continue;
        };
        let found = object.content_type.as_deref().unwrap_or("none");
        let essence = found.split(';').next().unwrap_or_default().trim();
        if !allowed.iter().any(|a| a.eq_ignore_ascii_case(essence)) {
            out.add(
                &path,
                None,
                format!("Content-Type {}", allowed.join(" or ")),
                found,
            );
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
