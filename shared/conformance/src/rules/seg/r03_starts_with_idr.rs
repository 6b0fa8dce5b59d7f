use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-03",
    severity: Fail,
    set: Standard,
    spec: "Apple HLS Authoring 7.4, ISO/IEC 23000-19 7.3.2.4",
    title: "every video segment starts with an IDR picture",
    doc: "The NAL units themselves are read, not the flags. A client that starts or switches at a segment without \
          an IDR picture shows garbage.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in view.video() {
        for (segment, facts) in rendition.measured_segments() {
            let sample = facts.fragments.first().and_then(|f| f.samples.first());
            if facts.starts_with_idr() == Some(false) {
                let picture = facts.first_pictures.first().cloned().flatten();
                let found = format!("NAL unit types {:?}", picture.unwrap_or_default().nal_types);
                out.segment(rendition, segment, "an IDR picture first", found);
            } else if sample.is_some_and(|s| !s.sync) {
                let expected = "the first sample flagged as a sync sample";
                out.segment(rendition, segment, expected, "sample_is_non_sync_sample");
            }
        }
    }
}
