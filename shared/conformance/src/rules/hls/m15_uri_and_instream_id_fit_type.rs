//! HLS-M15: URI and INSTREAM-ID fit the TYPE.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::report::Severity;
use crate::view::View;

/// URI and INSTREAM-ID fit the TYPE.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M15",
    severity: Severity::Fail,
    spec: "RFC 8216 4.3.4.1",
    set: RuleSet::Standard,
    title: "URI and INSTREAM-ID fit the TYPE",
    doc: "Captions in the video have INSTREAM-ID and no URI; subtitles are playlists of their own and have a URI.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for media in view.media() {
        let has = |name: &str| media.attributes.get(name).is_some();
        let wrong = match media.kind() {
            "SUBTITLES" if !has("URI") => Some(("URI", "none")),
            "CLOSED-CAPTIONS" if has("URI") => Some(("no URI", "one")),
            "CLOSED-CAPTIONS" if !has("INSTREAM-ID") => Some(("INSTREAM-ID", "none")),
            "AUDIO" | "VIDEO" | "SUBTITLES" if has("INSTREAM-ID") => {
                Some(("no INSTREAM-ID", "one"))
            }
            _ => None,
        };
        if let Some((expected, found)) = wrong {
            let expected = format!("{expected} with TYPE={}", media.kind());
            out.line(MULTIVARIANT, media.line, expected, found);
        }
    }
}
