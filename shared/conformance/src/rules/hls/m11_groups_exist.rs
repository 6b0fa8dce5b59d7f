//! HLS-M11: referenced groups exist, and every group is referenced.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::report::Severity;
use crate::view::View;

/// Referenced groups exist, and every group is referenced.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M11",
    severity: Severity::Fail,
    spec: "RFC 8216 4.3.4.2, 4.3.4.1.1",
    set: RuleSet::Standard,
    title: "referenced groups exist, and every group is referenced",
    doc: "A variant that names a missing group is unplayable; a group that no variant names is never offered.",
    check,
};

const GROUPS: [&str; 4] = ["AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS"];

fn check(view: &View<'_>, out: &mut Findings) {
    let named = |kind: &str, group: &str| {
        let mut media = view.media().iter();
        media.any(|m| m.kind() == kind && m.group() == group)
    };
    for variant in view.variants() {
        for kind in GROUPS {
            let group = variant
                .attributes
                .0
                .iter()
                .find(|a| a.name == kind && a.quoted);
            if let Some(group) = group.filter(|g| !named(kind, &g.value)) {
                let expected = format!("an EXT-X-MEDIA of TYPE={kind} in group {:?}", group.value);
                out.line(MULTIVARIANT, variant.line, expected, "none");
            }
        }
    }
    for media in view.media() {
        let mut variants = view.variants().iter();
        if !variants.any(|v| v.attributes.get(media.kind()) == Some(media.group())) {
            let expected = format!("a variant that names group {:?}", media.group());
            out.line(MULTIVARIANT, media.line, expected, "none");
        }
    }
}
