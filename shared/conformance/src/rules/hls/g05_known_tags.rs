use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-G05",
    severity: Warn,
    set: Pipeline,
    spec: "RFC 8216 4.1",
    title: "every #EXT tag is known",
    doc: "Clients ignore unknown tags. One that our packager writes is a misspelling.",
    check: parser_only,
};
