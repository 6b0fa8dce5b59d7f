use reelsmith_isobmff::DefectKind;

use crate::rule::prelude::*;
use crate::rules::defects;

pub(super) const RULE: Rule = Rule {
    id: "CMF-09",
    basis: &[
        must(Rfc, "ISO/IEC 23001-7 7, 9"),
        must(Cmaf, "ISO/IEC 23000-19 8.2, ISO/IEC 23001-7 7, 9"),
        must(Dash, "ISO/IEC 23001-7 7, 9"),
    ],
    parts: &[],
    title: "senc, saiz and saio agree with the samples",
    doc: "Each sample has an entry, the subsamples of an entry are as long as the sample, saiz and saio lead to the entries, and \
          the lengths and headers of NAL units are in the clear. A track in the clear has none of these boxes.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    defects::report_boxes(view, out, DefectKind::Encryption);
}
