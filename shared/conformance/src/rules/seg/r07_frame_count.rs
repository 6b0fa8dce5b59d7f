use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-07",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
    parts: &[],
    title: "a video rendition has exactly the frames of the source",
    doc: "No frame is lost or repeated where chunks join; ffmpeg may stop early and report success. Without a job, \
          all renditions with the same frame rate must agree.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let mut first: Option<(usize, Option<u64>, u64)> = None;
    for rendition in view.video() {
        let Some((samples, _)) = rendition.totals() else {
            continue;
        };
        let rate = rendition.frame_rate_milli();
        if rendition.playlist.is_live() && rendition.representation.is_none() {
            continue;
        }
        let expected = match view.expected {
            Some(job) => {
                let rung = job.video.iter().find(|r| r.path == rendition.folder());
                rung.map(|r| r.frames.0)
            }
            None => {
                let period = rendition.period;
                let compared = first.filter(|(p, ..)| *p == period);
                let (_, first_rate, frames) = compared.unwrap_or((period, rate, samples));
                first = Some((period, first_rate, frames));
                (first_rate == rate).then_some(frames)
            }
        };
        for expected in out.each(expected).filter(|e| *e != samples) {
            out.object(&rendition.path, format!("{expected} frames"), samples);
        }
    }
}
