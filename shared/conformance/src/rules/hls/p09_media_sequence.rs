//! HLS-P09: EXT-X-MEDIA-SEQUENCE is 0 or absent, before the first segment.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// EXT-X-MEDIA-SEQUENCE is 0 or absent, before the first segment.
pub(super) static RULE: Rule = Rule {
    id: "HLS-P09",
    severity: Severity::Warn,
    spec: "RFC 8216 4.3.3.2",
    set: RuleSet::Standard,
    title: "EXT-X-MEDIA-SEQUENCE is 0 or absent, before the first segment",
    doc: "Nothing was ever removed from a VOD playlist.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    out.parser_faults(view);
    for track in &view.tracks {
        let sequence = track.playlist.media_sequence.as_ref();
        if let Some(sequence) = sequence.filter(|s| s.value > 1) {
            let found = sequence.value.to_string();
            out.line(
                &track.path,
                sequence.line,
                "EXT-X-MEDIA-SEQUENCE of 0 or 1",
                found,
            );
        }
    }
}
