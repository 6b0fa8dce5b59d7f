use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-G03",
    basis: &[must(Rfc, "RFC 8216 4.3.1.2, 7")],
    parts: &[],
    title: "EXT-X-VERSION occurs at most once and is high enough for the features used",
    doc: "EXT-X-MAP needs version 6 (5 in an I-frame playlist), KEYFORMAT 5, byte ranges and I-frame playlists 4, \
          decimal durations 3, IV 2. Raise the version.",
    check: subjects::playlists,
};
