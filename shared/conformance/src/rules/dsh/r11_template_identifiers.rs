use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-11",
    basis: &[must(Dash, "ISO/IEC 23009-1 5.3.9.4.4")],
    parts: &[],
    title: "templates use known identifiers only",
    doc: "They are $RepresentationID$ and $Bandwidth$, and in media also $Number$ and $Time$; a format tag is \
          %0[width]d.",
    check: subjects::mpd,
};
