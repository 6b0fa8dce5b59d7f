use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M02",
    basis: &[must(Rfc, "RFC 8216 4.3.4.2")],
    parts: &[],
    title: "every EXT-X-STREAM-INF has BANDWIDTH and is followed by a URI line",
    doc: "A client selects a variant by its bit rate and loads it from the URI on the very next line.",
    check: subjects::variants,
};
