use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-08",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
    parts: &[],
    title: "an audio rendition has exactly the audio samples of the programme",
    doc: "Within one access unit, without priming. A difference means drift, a gap or a join in the audio, or \
          priming that was removed twice or never.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    if view.expected.is_none() {
        return out.not_judged(NO_JOB);
    }
    for audio in view.expected.into_iter().flat_map(|e| &e.audio) {
        let Some(rendition) = view.in_folder(&audio.path) else {
            continue;
        };
        let (Some((_, ticks)), Some(init), Some(frame)) = (
            rendition.totals(),
            rendition.init,
            rendition.sample_duration(),
        ) else {
            continue;
        };
        out.seen();
        let ticks = i128::from(ticks) - i128::from(init.media_start());
        let found = nanos(ticks, init.timescale);
        let wanted = nanos(audio.samples.into(), audio.sample_rate);
        if (found - wanted).abs() > frame + 1 {
            let expected = format!("{} samples, {}", audio.samples, seconds(wanted));
            out.object(&rendition.path, expected, seconds(found));
        }
    }
}
