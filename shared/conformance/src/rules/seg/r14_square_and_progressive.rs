use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-14",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
    parts: &[&PROGRESSIVE],
    title: "samples are square and frames are progressive",
    doc: "Clients disagree on non-square samples, and none deinterlaces. The encoder scales and deinterlaces instead.",
    check,
};

const PROGRESSIVE: RulePart = RulePart {
    title: "frames are progressive",
    basis: &[should(Apple, "Apple HLS Authoring 1.14")],
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in view.video() {
        let Some((init, path)) = rendition.init_at() else {
            continue;
        };
        out.seen();
        let aspects = [init.sps.and_then(|s| s.vui.sar), init.pixel_aspect];
        if let Some((w, h)) = aspects.into_iter().flatten().find(|(w, h)| w != h) {
            let expected = "a sample aspect ratio of 1:1";
            out.object(path, expected, format!("{w}:{h}"));
        }
        if init.sps.is_some_and(|s| !s.progressive) {
            out.of(&PROGRESSIVE)
                .object(path, "frame_mbs_only_flag", "fields");
        }
    }
}
