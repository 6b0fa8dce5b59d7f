use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-G06",
    basis: &[must(Reelsmith, "RFC 8216 4.1, security")],
    parts: &[],
    title: "every URI is relative and stays inside the output prefix",
    doc: "A URI with a scheme, a host, a leading slash, `..` or its percent-encoded form refers to objects outside \
          the job's own output, such as another title or a third-party host.",
    check: subjects::playlists,
};
