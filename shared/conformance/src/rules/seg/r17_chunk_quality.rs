use crate::evidence::NOT_COMPARED;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-17",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
    parts: &[],
    title: "every chunk is encoded from the mezzanine's pictures, and decodes without errors",
    doc: "Some frames of each chunk are decoded from the mezzanine a second time, from further back, and prepared for \
          the rung again. The encoder must have received exactly these frames: then all that the output lost is what \
          SSIM and PSNR in the report measure. A difference is a worker that decoded, cut, deinterlaced, cropped or \
          scaled wrongly. The decoder must not complain about any frame of the finished segments. Encode the chunk \
          again on another worker; if the difference stays, report it with the mezzanine.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(pictures) = view.evidence().and_then(|e| e.pictures.as_ref()) else {
        return out.not_judged(NOT_COMPARED);
    };
    for chunk in out.each(&pictures.chunks) {
        let samples = chunk.comparison.samples.as_ref();
        if let Some(samples) = samples.filter(|s| s.altered > 0) {
            let first = samples.first_altered.unwrap_or(chunk.frames.start);
            out.object(
                &chunk.rendition,
                format!(
                    "the frames of an independent decode at {}",
                    pictures.place(first)
                ),
                format!(
                    "others in {} of {} compared frames of chunk {}. {}",
                    samples.altered,
                    samples.frames,
                    chunk.chunk,
                    pictures.commands(view, &chunk.rendition, first)
                ),
            );
        }
        if chunk.comparison.damaged {
            out.object(
                &chunk.rendition,
                format!("chunk {} decodes without errors", chunk.chunk),
                "complaints of the decoder",
            );
        }
    }
}
