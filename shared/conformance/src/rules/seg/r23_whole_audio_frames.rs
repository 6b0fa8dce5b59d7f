use reelsmith_isobmff::{DefectKind, Examination};

use crate::rule::prelude::*;
use crate::rules::defects;

pub(super) const RULE: Rule = Rule {
    id: "SEG-23",
    basis: &[
        must(Rfc, "ISO/IEC 14496-3 4.4.2, ETSI TS 102 366 4.4, E.1"),
        must(Cmaf, "ISO/IEC 14496-3 4.4.2, ETSI TS 102 366 4.4, E.1"),
        must(Dash, "ISO/IEC 14496-3 4.4.2, ETSI TS 102 366 4.4, E.1"),
    ],
    parts: &[],
    title: "every access unit of audio is whole",
    doc: "AAC: a legal first element and the end of the block in the last bytes. AC-3, E-AC-3 and FLAC: sync word, size and \
          checksum. Opus: the frames fill the packet. A damaged unit is heard as a click or as silence.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    defects::report(view, out, DefectKind::Audio, &[Examination::Audio]);
}
