use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-G01",
    basis: &[must(Rfc, "RFC 8216 4.1, 4.3.1.1")],
    parts: &[],
    title: "the playlist is UTF-8 without a BOM or control characters and starts with #EXTM3U",
    doc: "A client rejects a playlist that does not start with #EXTM3U, and a BOM or a control character makes \
          clients read it differently. A playlist without a syntax fault must also give the same result with an \
          independent parser (m3u8-rs).",
    check: subjects::playlists,
};
