use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-15",
    basis: &[must(Apple, "Apple HLS Authoring 2.3, 2.11")],
    parts: &[],
    title: "there is a stereo AAC rendition, and all audio has the same sample rate",
    doc: "Every device plays stereo AAC. A change of the sample rate between languages causes a click or silence.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let audio = view.audio().filter_map(|r| Some((r, r.init?)));
    let Some((_, first)) = audio.clone().next() else {
        return;
    };
    out.seen();
    let stereo_aac = |i: &Init| i.channels == 2 && i.codec.starts_with("mp4a.40.");
    if !audio.clone().any(|(_, i)| stereo_aac(i)) {
        let found = format!("{} with {} channels", first.codec, first.channels);
        out.output("a stereo AAC rendition", found);
    }
    for (rendition, init) in audio.filter(|(_, i)| i.sample_rate != first.sample_rate) {
        let expected = format!("{} Hz as the other renditions", first.sample_rate);
        out.object(
            &rendition.path,
            expected,
            format!("{} Hz", init.sample_rate),
        );
    }
}
