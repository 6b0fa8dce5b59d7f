use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-G04",
    basis: &[must(Rfc, "RFC 8216 4.2")],
    parts: &[],
    title: "attribute lists are well-formed",
    doc: "Attribute names are unique, strings are quoted, enumerated values are not, and RESOLUTION is WxH. Some \
          clients guess the meaning of a malformed list, others ignore the tag.",
    check: subjects::playlists,
};
