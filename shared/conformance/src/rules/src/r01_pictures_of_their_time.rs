use crate::evidence::NOT_COMPARED;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SRC-01",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
    parts: &[],
    title: "every frame shows the mezzanine's picture of its time",
    doc: "Each worker compares every encoded frame with a small copy of the source frame of its time, taken directly \
          after the decoder. A frame differs if the mean colour of any 1/144 of the picture is farther away than the \
          profile's limit and the encoder's losses allow, or if it resembles a neighbouring source frame much more. \
          That finds wrong, shifted, repeated, missing, green, grey, black and frozen pictures, and a wrong matrix, \
          range, crop or aspect ratio. The report shows the worst picture of each rendition beside the mezzanine's, \
          and the finding has the commands that write both pictures.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(pictures) = view.evidence().and_then(|e| e.pictures.as_ref()) else {
        return out.not_judged(NOT_COMPARED);
    };
    for chunk in out.each(&pictures.chunks) {
        let found = &chunk.comparison;
        let Some(first) = found.unlike.first() else {
            continue;
        };
        let shown = match first.shows {
            Some(frames) => format!(
                "that of {} frames {}",
                frames.unsigned_abs(),
                direction(frames)
            ),
            None => format!(
                "a picture that differs by {} levels of 255",
                first.difference / 100
            ),
        };
        out.object(
            &chunk.rendition,
            format!("the mezzanine's picture at {}", pictures.place(first.frame)),
            format!(
                "{shown}, and {} such frames in chunk {}. {}",
                found.unlike_count,
                chunk.chunk,
                pictures.commands(view, &chunk.rendition, first.frame)
            ),
        );
    }
}

fn direction(frames: i64) -> &'static str {
    if frames < 0 { "earlier" } else { "later" }
}
