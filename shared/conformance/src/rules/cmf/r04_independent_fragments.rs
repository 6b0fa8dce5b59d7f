//! CMF-04: every fragment can be decoded by itself.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::{Kind, View};

/// Every fragment can be decoded by itself.
pub(super) static RULE: Rule = Rule {
    id: "CMF-04",
    severity: Severity::Fail,
    spec: "ISO/IEC 23000-19 7.3.2.4",
    set: RuleSet::Standard,
    title: "every fragment can be decoded by itself",
    doc: "Each fragment of video starts with an IDR picture. The first of a segment is SEG-03.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for track in view.of(Kind::Video) {
        for segment in &track.segments {
            let pictures = segment.facts.into_iter().flat_map(|f| &f.first_pictures);
            let later = pictures.enumerate().skip(1);
            let mut bad = later.filter_map(|(i, p)| Some((i, p.as_ref()?)));
            if let Some((index, picture)) = bad.find(|(_, p)| p.idr == Some(false)) {
                let expected = format!("an IDR picture first in fragment {}", index + 1);
                let found = format!("NAL unit types {:?}", picture.nal_types);
                out.segment(&track.path, segment.number, expected, found);
            }
        }
    }
}
