//! HLS-M23: no two variants are the same.

use std::collections::BTreeSet;

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::report::Severity;
use crate::view::View;

/// No two variants are the same.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M23",
    severity: Severity::Warn,
    spec: "Apple HLS Authoring 1.32",
    set: RuleSet::Standard,
    title: "no two variants are the same",
    doc: "Two variants of one codec, size and rate give a player nothing to choose.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let mut seen = BTreeSet::new();
    for variant in view.variants() {
        let get = |name| variant.attributes.get(name).unwrap_or_default();
        let key = ["CODECS", "RESOLUTION", "BANDWIDTH", "AUDIO", "SUBTITLES"].map(get);
        if !seen.insert(key) {
            out.line(
                MULTIVARIANT,
                variant.line,
                "another variant",
                "the same again",
            );
        }
    }
}
