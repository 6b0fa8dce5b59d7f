use reelsmith_isobmff::DefectKind;

use crate::rule::prelude::*;
use crate::rules::defects;

pub(super) const RULE: Rule = Rule {
    id: "CMF-10",
    basis: &[
        must(Rfc, "ISO/IEC 14496-12 8.16.3"),
        must(Cmaf, "ISO/IEC 14496-12 8.16.3"),
        must(Dash, "ISO/IEC 14496-12 8.16.3"),
    ],
    parts: &[],
    title: "a segment index in a segment describes its fragments",
    doc: "The subsegments end where a fragment ends and last as long as the fragments, and the earliest presentation time is \
          that of the first, before or after the edit list. A client that seeks by the index lands elsewhere otherwise.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    defects::report_boxes(view, out, DefectKind::Index);
}
