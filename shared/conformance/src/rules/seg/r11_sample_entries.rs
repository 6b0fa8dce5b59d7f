use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-11",
    basis: &[must(Apple, "Apple HLS Authoring 1.5, 1.10")],
    parts: &[],
    title: "the sample entry of video is avc1 or hvc1",
    doc: "With avc3 and hev1 the parameter sets may be inside the samples, which Apple devices do not support.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in view.video() {
        let Some((init, path)) = rendition.init_at() else {
            continue;
        };
        out.seen();
        if matches!(&*init.entry, "avc2" | "avc3" | "avc4" | "hev1" | "dvhe") {
            out.object(path, "the sample entry avc1 or hvc1", &init.entry);
        }
    }
}
