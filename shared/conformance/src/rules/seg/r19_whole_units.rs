use reelsmith_isobmff::{DefectKind, Examination};

use crate::rule::prelude::*;
use crate::rules::defects;

pub(super) const RULE: Rule = Rule {
    id: "SEG-19",
    basis: &[
        must(Rfc, "ISO/IEC 14496-15 4.3.3, ISO/IEC 14496-10 7.4.1"),
        must(Cmaf, "ISO/IEC 14496-15 4.3.3, ISO/IEC 14496-10 7.4.1"),
        must(Dash, "ISO/IEC 14496-15 4.3.3, ISO/IEC 14496-10 7.4.1"),
    ],
    parts: &[],
    title: "every sample of video consists of whole units of known types",
    doc: "The lengths of NAL units fill each sample, the reserved bits of their headers are right, and each sample has a \
          slice; the same for the units of AV1 and the superframes of VP9. A decoder loses everything after a wrong \
          length. The length and the header stay in the clear in an encrypted track, so they are judged there too.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let video = [Examination::Nal, Examination::Frames];
    defects::report(view, out, DefectKind::Unit, &video);
}
