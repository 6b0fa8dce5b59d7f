use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-G05",
    basis: &[should(Reelsmith, "RFC 8216 4.1")],
    parts: &[],
    title: "every #EXT tag is known",
    doc: "Clients ignore unknown tags. One that our packager writes is a misspelling.",
    check: subjects::playlists,
};
