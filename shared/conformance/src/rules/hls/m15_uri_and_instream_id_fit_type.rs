use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M15",
    basis: &[must(Rfc, "RFC 8216 4.3.4.1")],
    parts: &[],
    title: "URI and INSTREAM-ID are present only with the TYPE that allows them",
    doc: "Closed captions are inside the video: they have an INSTREAM-ID and no URI. Subtitles are media playlists \
          and have a URI.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for tag in out.each(view.media_tags()) {
        let has = |name: &str| tag.get(name).is_some();
        let kind = tag.media_type();
        let (expected, found) = match kind {
            "SUBTITLES" if !has("URI") => ("URI", "none"),
            "CLOSED-CAPTIONS" if has("URI") => ("no URI", "one"),
            "CLOSED-CAPTIONS" if !has("INSTREAM-ID") => ("INSTREAM-ID", "none"),
            "AUDIO" | "VIDEO" | "SUBTITLES" if has("INSTREAM-ID") => ("no INSTREAM-ID", "one"),
            _ => continue,
        };
        out.multivariant(tag.line, format!("{expected} with TYPE={kind}"), found);
    }
}
