use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-G02",
    basis: &[must(Rfc, "RFC 8216 4.1")],
    parts: &[],
    title: "a playlist has tags of one kind only, media or multivariant",
    doc: "Clients must fail to parse a playlist that mixes media and multivariant tags. Write two files.",
    check: subjects::playlists,
};
