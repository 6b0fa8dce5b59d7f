use reelsmith_isobmff::DataBase;

use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "CMF-03",
    basis: &[
        must(Rfc, "ISO/IEC 14496-12 8.8.8"),
        must(Cmaf, "ISO/IEC 23000-19 7.3.2.3"),
        must(Dash, "ISO/IEC 14496-12 8.8.8"),
    ],
    parts: &[&RELATIVE],
    title: "samples lie inside the mdat, at offsets relative to the moof",
    doc: "A fragment with `default-base-is-moof` can be moved. A sample outside its mdat consists of bytes of \
          something else.",
    check,
};

const RELATIVE: RulePart = RulePart {
    title: "data offsets are relative to the moof",
    basis: &[must(Cmaf, "ISO/IEC 23000-19 7.3.2.3")],
};

fn check(view: &View<'_>, out: &mut Findings) {
    // Streams of MPEG-TS have no boxes.
    for rendition in view.video_and_audio().filter(|r| r.init_at().is_some()) {
        for (segment, facts) in rendition.measured_segments() {
            for fragment in out.each(&facts.fragments) {
                if fragment.base != DataBase::Moof {
                    let found = format!("data offsets relative to {:?}", fragment.base);
                    let expected = "default-base-is-moof";
                    out.of(&RELATIVE)
                        .segment(rendition, segment, expected, found);
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
