use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-08",
    severity: Fail,
    set: Pipeline,
    spec: "Apple HLS Authoring 8.1",
    title: "an audio rendition has exactly the audio samples of the programme",
    doc: "Within one access unit, without priming. A difference means drift, a gap or a join in the audio, or \
          priming that was removed twice or never.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
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
        let ticks = i128::from(ticks) - i128::from(init.media_start());
        let found = nanos(ticks, init.timescale);
        let wanted = nanos(audio.samples.into(), audio.sample_rate);
        if (found - wanted).abs() > frame + 1 {
            let expected = format!("{} samples, {}", audio.samples, seconds(wanted));
            out.object(&rendition.path, expected, seconds(found));
        }
    }
}
