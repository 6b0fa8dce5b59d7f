use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-01",
    basis: &[must(Dash, "ISO/IEC 23009-1 5.2")],
    parts: &[],
    title: "the MPD is well-formed XML without a DTD, with root MPD and elements where the schema allows them",
    doc: "A document type declaration can make a parser read other files. An independent parser (dash-mpd) must \
          find the same periods and representations.",
    check: subjects::mpd,
};
