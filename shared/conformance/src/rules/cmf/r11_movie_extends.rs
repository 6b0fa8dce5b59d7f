use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "CMF-11",
    basis: &[
        must(Rfc, "RFC 8216 3.3, ISO/IEC 14496-12 8.8.1, 8.8.3"),
        must(
            Cmaf,
            "ISO/IEC 23000-19 7.3.1, ISO/IEC 14496-12 8.8.1, 8.8.3",
        ),
        must(Dash, "ISO/IEC 14496-12 8.8.1, 8.8.3"),
    ],
    parts: &[],
    title: "an init segment has mvex with a trex for its track",
    doc: "Without mvex a file has no fragments, and players ignore them.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for (part, init) in &view.delivery.inits {
        let Ok(init) = init else { continue };
        out.seen();
        if !init.has_defaults {
            let expected = format!("mvex with trex of track {}", init.track_id);
            out.object(&part.path, expected, "none");
        }
    }
}
