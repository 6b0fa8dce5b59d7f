use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-16",
    basis: &[should(Reelsmith, "Apple HLS Authoring 2.18")],
    parts: &[],
    title: "the integrated loudness is within 0.5 LU of the target",
    doc: "The worker measures the decoded rendition and records its loudness. A silent track has no loudness and is \
          not judged.",
    check,
};

/// Greatest difference from the target, in hundredths of a loudness unit.
const TOLERANCE: u32 = 50;

fn check(view: &View<'_>, out: &mut Findings) {
    if view.expected.is_some_and(|e| e.audio.is_empty()) {
        return;
    }
    let levels = view.evidence().map(|e| &e.levels);
    let Some(levels) = levels.filter(|l| !l.is_empty()) else {
        return out.not_judged("the loudness of the decoded sound is not known");
    };
    for level in out.each(levels) {
        let wrong = |found: &i32| found.abs_diff(level.target) > TOLERANCE;
        if let Some(found) = level.integrated.filter(wrong) {
            let expected = format!("{} within 0.5 LU", lufs(level.target));
            out.object(&level.rendition, expected, lufs(found));
        }
    }
}

fn lufs(hundredths: i32) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    let value = hundredths.unsigned_abs();
    format!("{sign}{}.{:02} LUFS", value / 100, value % 100)
}
