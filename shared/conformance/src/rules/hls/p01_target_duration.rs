use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P01",
    basis: &[must(Rfc, "RFC 8216 4.3.3.1")],
    parts: &[],
    title: "there is exactly one EXT-X-TARGETDURATION, a positive integer",
    doc: "Every media playlist must have it. Clients derive reload times and buffer sizes from it.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in out.each(&view.renditions) {
        let reported = rendition.playlist.faults.iter().any(|f| f.rule == RULE.id);
        if rendition.playlist.target_duration.is_none() && !reported {
            out.object(&rendition.path, "EXT-X-TARGETDURATION", "none");
        }
    }
}
