//! SEG-03: every video segment starts with an IDR picture.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::{Kind, View};

/// Every video segment starts with an IDR picture.
pub(super) static RULE: Rule = Rule {
    id: "SEG-03",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 7.4, ISO/IEC 23000-19 7.3.2.4",
    set: RuleSet::Standard,
    title: "every video segment starts with an IDR picture",
    doc: "Read from the NAL units themselves, not from flags. Elsewhere a player that starts or switches here shows garbage.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for track in view.of(Kind::Video) {
        for segment in &track.segments {
            let Some(facts) = segment.facts else { continue };
            let sync = facts.fragments.first().and_then(|f| f.samples.first());
            if facts.starts_with_idr() == Some(false) {
                let found = facts
                    .first_pictures
                    .first()
                    .cloned()
                    .flatten()
                    .unwrap_or_default();
                let found = format!("NAL unit types {:?}", found.nal_types);
                out.segment(&track.path, segment.number, "an IDR picture first", found);
            } else if sync.is_some_and(|s| !s.sync) {
                let expected = "the first sample flagged as a sync sample";
                out.segment(
                    &track.path,
                    segment.number,
                    expected,
                    "sample_is_non_sync_sample",
                );
            }
        }
    }
}
