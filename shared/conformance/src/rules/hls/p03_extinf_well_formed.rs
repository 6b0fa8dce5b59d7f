use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P03",
    basis: &[must(Rfc, "RFC 8216 4.3.2.1")],
    parts: &[],
    title: "every segment has a well-formed EXTINF",
    doc: "It is a duration in seconds followed by a comma, and the segment's URI comes after it. Decimals need \
          version 3. A lenient parser reads a malformed duration as 0, and the timeline collapses.",
    check: subjects::media_playlists,
};
