//! HLS-M01: a multivariant playlist with at least two video variants.

use std::collections::BTreeSet;

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::report::Severity;
use crate::view::View;

/// A multivariant playlist with at least two video variants.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M01",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 9.9",
    set: RuleSet::Standard,
    title: "a multivariant playlist with at least two video variants",
    doc: "A single bit rate cannot adapt. One variant is enough where the job's ladder has one rung only.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(playlist) = view.multivariant.filter(|p| p.is_multivariant) else {
        if view.mpd.is_none() || view.expected.is_some() {
            out.add(MULTIVARIANT, None, "a multivariant playlist", "none");
        }
        return;
    };
    let one_rung = view.expected.is_some_and(|e| e.video.len() == 1);
    let needed = if one_rung { 1 } else { 2 };
    let video = playlist.variants.iter().filter(|v| v.has_video());
    let found: BTreeSet<_> = video.filter_map(|v| v.uri.as_ref()?.path.clone()).collect();
    if found.len() < needed {
        let expected = format!("at least {needed} video variants");
        out.add(MULTIVARIANT, None, expected, found.len().to_string());
    }
}
