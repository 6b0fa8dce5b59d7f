//! SUB-02: caption languages, names and forced flags are those of the manifest.

use std::collections::BTreeSet;

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::report::Severity;
use crate::view::View;

/// Caption languages, names and forced flags are those of the manifest.
pub(super) static RULE: Rule = Rule {
    id: "SUB-02",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 5.8",
    set: RuleSet::Pipeline,
    title: "caption languages, names and forced flags are those of the manifest",
    doc: "Nothing is missing, nothing is too many, and what is forced is marked so.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(expected) = view.expected else {
        return;
    };
    let found: BTreeSet<(&str, &str, bool)> = view
        .media()
        .iter()
        .filter(|m| m.kind() == "SUBTITLES")
        .map(|m| {
            (
                m.attributes.get("LANGUAGE").unwrap_or_default(),
                m.name(),
                m.is_yes("FORCED"),
            )
        })
        .collect();
    let wanted = expected.text.iter();
    let wanted: BTreeSet<_> = wanted
        .map(|t| (&*t.language, &*t.label, t.forced))
        .collect();
    for (language, name, forced) in wanted.difference(&found) {
        let expected = format!("captions {language} {name:?}, forced {forced}");
        out.add(MULTIVARIANT, None, expected, "none");
    }
    for (language, name, forced) in found.difference(&wanted) {
        let found = format!("{language} {name:?}, forced {forced}");
        out.add(MULTIVARIANT, None, "captions of the manifest only", found);
    }
}
