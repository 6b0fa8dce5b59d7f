use reelsmith_isobmff::{DefectKind, Examination};

use crate::rule::prelude::*;
use crate::rules::defects;

pub(super) const RULE: Rule = Rule {
    id: "SEG-20",
    basis: &[
        must(Rfc, "ISO/IEC 14496-10 7.3.3, 7.4.1, ISO/IEC 23008-2 7.3.6"),
        must(Cmaf, "ISO/IEC 14496-10 7.3.3, 7.4.1, ISO/IEC 23008-2 7.3.6"),
        must(Dash, "ISO/IEC 14496-10 7.3.3, 7.4.1, ISO/IEC 23008-2 7.3.6"),
    ],
    parts: &[],
    title: "the headers and the coded data of every picture are legal",
    doc: "Without decoding: slice headers agree with the parameter sets, the slices of a sample are those of one picture, no \
          reference picture is missing by frame_num, no start code occurs inside a NAL unit, and coded data do not repeat \
          eight bytes over a hundred bytes or more. Bytes that were overwritten after the encode break one of these. What \
          only a decoder notices is found by decoding.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let video = [Examination::Nal, Examination::Frames];
    defects::report(view, out, DefectKind::Picture, &video);
}
