use crate::evidence::NOT_COMPARED;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SRC-02",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
    parts: &[],
    title: "every frame that the index of the mezzanine counts was compared",
    doc: "The plan counts the frames of the mezzanine by its index. Each chunk of each video rendition must have a \
          comparison of exactly its frames, and at least a tenth of them, with the first and last two, must have been \
          compared in full with an independent decode. Where the decoder reports damage in the mezzanine, frames \
          are not compared in full, because two decodes may conceal it differently.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(pictures) = view.evidence().and_then(|e| e.pictures.as_ref()) else {
        return out.not_judged(NOT_COMPARED);
    };
    let mut compared = 0u64;
    for chunk in out.each(&pictures.chunks) {
        let (expected, found) = (chunk.frames.count().0, &chunk.comparison);
        compared = compared.saturating_add(found.frames);
        if found.frames != expected {
            let expected = format!("{expected} frames compared in chunk {}", chunk.chunk);
            out.object(&chunk.rendition, expected, found.frames);
        }
        let samples = found.samples.as_ref();
        if let Some(few) = samples.filter(|s| s.frames.saturating_mul(10) < expected) {
            let tenth = expected.div_ceil(10);
            let expected = format!(
                "at least {tenth} frames compared in full in chunk {}",
                chunk.chunk
            );
            out.object(&chunk.rendition, expected, few.frames);
        }
    }
    if compared != pictures.expected_frames {
        let expected = format!("{} frames of all renditions", pictures.expected_frames);
        out.output(expected, format!("{compared} that were compared"));
    }
}
