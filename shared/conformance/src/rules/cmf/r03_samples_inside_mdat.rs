//! CMF-03: samples lie inside the mdat, counted from the moof.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;
use reelsmith_isobmff::DataBase;

/// Samples lie inside the mdat, counted from the moof.
pub(super) static RULE: Rule = Rule {
    id: "CMF-03",
    severity: Severity::Fail,
    spec: "ISO/IEC 23000-19 7.3.2.3",
    set: RuleSet::Standard,
    title: "samples lie inside the mdat, counted from the moof",
    doc: "`default-base-is-moof` lets a fragment be moved; a sample outside of its mdat is somebody else's bytes.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for track in view.timed() {
        for segment in &track.segments {
            for fragment in segment.facts.into_iter().flat_map(|f| &f.fragments) {
                if fragment.base != DataBase::Moof {
                    let found = format!("data offsets that count otherwise, {:?}", fragment.base);
                    out.segment(&track.path, segment.number, "default-base-is-moof", found);
                }
                if let Some(sample) = fragment.stray_samples().next() {
                    let mdat = &fragment.mdat;
                    let expected = format!("samples within bytes {} to {}", mdat.start, mdat.end);
                    let found = format!("{} bytes at {}", sample.size, sample.offset);
                    out.segment(&track.path, segment.number, expected, found);
                }
            }
        }
    }
}
