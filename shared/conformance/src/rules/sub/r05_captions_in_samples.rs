use reelsmith_isobmff::{DefectKind, Examination};

use crate::rule::prelude::*;
use crate::rules::defects;

pub(super) const RULE: Rule = Rule {
    id: "SUB-05",
    basis: &[
        must(Rfc, "ISO/IEC 14496-30 5, 7"),
        must(Cmaf, "ISO/IEC 23000-19 11, ISO/IEC 14496-30 5, 7"),
        must(Dash, "ISO/IEC 14496-30 5, 7"),
    ],
    parts: &[],
    title: "samples of captions in MP4 are cues of WebVTT or documents of TTML",
    doc: "A sample of wvtt consists of vttc, vtte and vtta boxes, and a cue has its text in UTF-8. A sample of stpp is \
          well-formed XML with the root element tt.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    defects::report(view, out, DefectKind::Text, &[Examination::Text]);
}
