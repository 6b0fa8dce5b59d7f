use reelsmith_isobmff::{DefectKind, Examination};

use crate::rule::prelude::*;
use crate::rules::defects;

pub(super) const RULE: Rule = Rule {
    id: "SEG-21",
    basis: &[
        must(Rfc, "ISO/IEC 14496-12 8.8.3, ISO/IEC 14496-15 5.3"),
        must(Cmaf, "ISO/IEC 14496-12 8.8.3, ISO/IEC 14496-15 5.3"),
        must(Dash, "ISO/IEC 14496-12 8.8.3, ISO/IEC 14496-15 5.3"),
    ],
    parts: &[],
    title: "samples that are flagged as sync samples can be decoded alone",
    doc: "A sync sample of H.264 is an IDR picture or a recovery point, one of H.265 an IRAP picture, one of AV1 or VP9 a key \
          frame. The first sample of a fragment with such a picture is flagged. A client seeks and switches by the flags.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let video = [Examination::Nal, Examination::Frames];
    defects::report(view, out, DefectKind::Sync, &video);
}
