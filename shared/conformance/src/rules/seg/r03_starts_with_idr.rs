use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-03",
    basis: &[
        should(Rfc, "RFC 8216 3"),
        must(Apple, "Apple HLS Authoring 7.4"),
        must(Cmaf, "ISO/IEC 23000-19 7.3.2.4"),
    ],
    parts: &[&DECLARED],
    title: "every video segment starts with an IDR picture",
    doc: "The NAL units themselves are read, not the flags. A client that starts or switches at a segment without \
          an IDR picture shows garbage.",
    check,
};

const DECLARED: RulePart = RulePart {
    title: "segments that EXT-X-INDEPENDENT-SEGMENTS or startWithSAP declares independent are so",
    basis: &[
        must(Rfc, "RFC 8216 4.3.5.1"),
        must(Apple, "Apple HLS Authoring 7.4"),
        must(Cmaf, "ISO/IEC 23000-19 7.3.2.4"),
        must(Dash, "ISO/IEC 23009-1 5.3.7.2"),
    ],
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in view.video() {
        let independent = |p: &Playlist| p.independent_segments.is_some();
        let declared =
            independent(rendition.playlist) || view.multivariant.is_some_and(independent);
        for (segment, facts) in out.each(rendition.measured_segments()) {
            let sample = facts.fragments.first().and_then(|f| f.samples.first());
            if facts.starts_with_idr() == Some(false) {
                let picture = facts.first_pictures.first().cloned().flatten();
                let found = format!("NAL unit types {:?}", picture.unwrap_or_default().nal_types);
                if declared {
                    out.of(&DECLARED);
                }
                out.segment(rendition, segment, "an IDR picture first", found);
            } else if sample.is_some_and(|s| !s.sync) {
                let expected = "the first sample flagged as a sync sample";
                out.segment(rendition, segment, expected, "sample_is_non_sync_sample");
            }
        }
    }
}
