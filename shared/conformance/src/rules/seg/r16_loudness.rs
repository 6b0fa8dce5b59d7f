//! SEG-16: integrated loudness within the target.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// Integrated loudness within the target.
pub(super) static RULE: Rule = Rule {
    id: "SEG-16",
    severity: Severity::Warn,
    spec: "Apple HLS Authoring 2.18",
    set: RuleSet::Pipeline,
    title: "integrated loudness within 0.5 LU of the target",
    doc: "Of the worker's record: the encoded rendition, decoded and measured. A track that is as good as silent has no loudness.",
    check,
};

/// Hundredths of a loudness unit by which a rendition may be off.
const TOLERANCE: u32 = 50;

fn check(view: &View<'_>, out: &mut Findings) {
    let levels = view.expected.map(|e| &e.evidence.levels);
    let Some(levels) = levels.filter(|l| !l.is_empty()) else {
        return out.not_judged();
    };
    for level in levels {
        let Some(found) = level.integrated else {
            continue;
        };
        if found.abs_diff(level.target) > TOLERANCE {
            let expected = format!("{} within 0.5 LU", lufs(level.target));
            out.add(&level.rendition, None, expected, lufs(found));
        }
    }
}

fn lufs(hundredths: i32) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    let value = hundredths.unsigned_abs();
    format!("{sign}{}.{:02} LUFS", value / 100, value % 100)
}
