use crate::evidence::{Metric, Quality};
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-17",
    basis: &[should(Reelsmith, "the promises of this pipeline")],
    parts: &[],
    title: "no chunk has a VMAF or SSIM score far below its rendition",
    doc: "The limit is 10 points of VMAF or 0.02 of SSIM below the median, or the floor that the caller gives. It \
          finds a worker that decoded garbage and encoded it well. The scores need decoding; the rule is judged if \
          the caller supplies them.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let quality = view.evidence().map(|e| &e.quality);
    let Some(quality) = quality.filter(|q| !q.is_empty()) else {
        return out.not_judged("the quality of the decoded pictures is not known");
    };
    for rendition in out.each(quality) {
        let metric = rendition.metric;
        let margin = match metric {
            Metric::Vmaf => 1_000,
            Metric::Ssim => 200,
        };
        let least = median(rendition).saturating_sub(margin);
        let least = least.max(rendition.floor.unwrap_or(0));
        for chunk in rendition.chunks.iter().filter(|c| c.score < least) {
            let least = describe(metric, least);
            let expected = format!("at least {least} in chunk {}", chunk.chunk);
            out.object(
                &rendition.rendition,
                expected,
                describe(metric, chunk.score),
            );
        }
    }
}

fn median(quality: &Quality) -> u32 {
    let mut scores: Vec<u32> = quality.chunks.iter().map(|c| c.score).collect();
    scores.sort_unstable();
    scores.get(scores.len() / 2).copied().unwrap_or(0)
}

fn describe(metric: Metric, score: u32) -> String {
    match metric {
        Metric::Vmaf => format!("VMAF {}.{:02}", score / 100, score % 100),
        Metric::Ssim => format!("SSIM {}.{:04}", score / 10_000, score % 10_000),
    }
}
