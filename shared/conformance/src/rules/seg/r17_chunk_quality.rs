//! SEG-17: no chunk is far worse than its rendition.

use super::super::{Findings, Rule, RuleSet};
use crate::evidence::{Metric, Quality};
use crate::report::Severity;
use crate::view::View;

/// No chunk is far worse than its rendition.
pub(super) static RULE: Rule = Rule {
    id: "SEG-17",
    severity: Severity::Warn,
    spec: "pipeline",
    set: RuleSet::Pipeline,
    title: "no chunk is far worse than its rendition in VMAF or SSIM",
    doc: "10 points of VMAF or 0.02 of SSIM below the median, or below the floor that the caller gives: a worker that decoded garbage encodes it well. Needs decoding; judged where scores are supplied.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let quality = view.expected.map(|e| &e.evidence.quality);
    let Some(quality) = quality.filter(|q| !q.is_empty()) else {
        return out.not_judged();
    };
    for rendition in quality {
        let least = median(rendition).saturating_sub(drop(rendition.metric));
        let least = least.max(rendition.floor.unwrap_or(0));
        for chunk in rendition.chunks.iter().filter(|c| c.score < least) {
            let expected = score(rendition.metric, least);
            let found = score(rendition.metric, chunk.score);
            out.add(
                &rendition.rendition,
                None,
                format!("at least {expected} in chunk {}", chunk.chunk),
                found,
            );
        }
    }
}

/// How far below the median a chunk may be.
fn drop(metric: Metric) -> u32 {
    match metric {
        Metric::Vmaf => 1_000,
        Metric::Ssim => 200,
    }
}

fn median(quality: &Quality) -> u32 {
    let mut scores: Vec<u32> = quality.chunks.iter().map(|c| c.score).collect();
    scores.sort_unstable();
    scores.get(scores.len() / 2).copied().unwrap_or(0)
}

fn score(metric: Metric, score: u32) -> String {
    match metric {
        Metric::Vmaf => format!("VMAF {}.{:02}", score / 100, score % 100),
        Metric::Ssim => format!("SSIM {}.{:04}", score / 10_000, score % 10_000),
    }
}
