use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-07",
    severity: Fail,
    set: Pipeline,
    spec: "Apple HLS Authoring 7.1, pipeline",
    title: "a video rendition has exactly the frames of the source",
    doc: "No frame is lost or repeated where chunks join; ffmpeg may stop early and report success. Without a job, \
          all renditions with the same frame rate must agree.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let mut first = None;
    for rendition in view.video() {
        let Some((samples, _)) = rendition.totals() else {
            continue;
        };
        let rate = rendition.frame_rate_milli();
        let expected = match view.expected {
            Some(job) => {
                let rung = job.video.iter().find(|r| r.path == rendition.folder());
                rung.map(|r| r.frames.0)
            }
            None => {
                let (first_rate, frames) = *first.get_or_insert((rate, samples));
                (first_rate == rate).then_some(frames)
            }
        };
        if let Some(expected) = expected.filter(|e| *e != samples) {
            out.object(&rendition.path, format!("{expected} frames"), samples);
        }
    }
}
