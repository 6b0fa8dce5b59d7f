use reelsmith_isobmff::DataBase;

use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "CMF-03",
    severity: Fail,
    set: Standard,
    spec: "ISO/IEC 23000-19 7.3.2.3",
    title: "samples lie inside the mdat, at offsets relative to the moof",
    doc: "A fragment with `default-base-is-moof` can be moved. A sample outside its mdat consists of bytes of \
          something else.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in view.video_and_audio() {
        for (segment, facts) in rendition.measured_segments() {
            for fragment in &facts.fragments {
                if fragment.base != DataBase::Moof {
                    let found = format!("data offsets relative to {:?}", fragment.base);
                    out.segment(rendition, segment, "default-base-is-moof", found);
                }
                if let Some(sample) = fragment.stray_samples().next() {
                    let mdat = &fragment.mdat;
                    let expected = format!("samples within bytes {} to {}", mdat.start, mdat.end);
                    let found = format!("{} bytes at {}", sample.size, sample.offset);
                    out.segment(rendition, segment, expected, found);
                }
            }
        }
    }
}
