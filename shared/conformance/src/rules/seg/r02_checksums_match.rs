//! SEG-02: checksums are those that the workers recorded.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// Checksums are those that the workers recorded.
pub(super) static RULE: Rule = Rule {
    id: "SEG-02",
    severity: Severity::Fail,
    spec: "pipeline",
    set: RuleSet::Pipeline,
    title: "checksums are those that the workers recorded",
    doc: "Where the store keeps a SHA-256 it must be that of the bytes the worker made: a segment overwritten later is not the one that was checked.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for (folder, recorded) in view.expected.into_iter().flat_map(|e| e.recorded()) {
        let segments = recorded
            .segments
            .iter()
            .map(|s| (s.name.as_str(), &s.sha256));
        let init = (reelsmith_core::keys::INIT, &recorded.init_sha256);
        for (name, sha256) in segments.chain([init]).filter(|(_, sha)| !sha.is_empty()) {
            let path = format!("{folder}/{name}");
            let stored = view
                .delivery
                .objects
                .get(&path)
                .and_then(|o| o.sha256.as_ref());
            if let Some(stored) = stored.filter(|s| *s != sha256) {
                out.add(
                    &path,
                    None,
                    format!("SHA-256 {sha256} as recorded"),
                    stored.clone(),
                );
            }
        }
    }
}
