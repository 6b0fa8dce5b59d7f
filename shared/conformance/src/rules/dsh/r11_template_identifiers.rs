use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-11",
    severity: Fail,
    set: Standard,
    spec: "ISO/IEC 23009-1 5.3.9.4.4",
    title: "templates use known identifiers only",
    doc: "They are $RepresentationID$ and $Bandwidth$, and in media also $Number$ and $Time$; a format tag is \
          %0[width]d.",
    check: parser_only,
};
