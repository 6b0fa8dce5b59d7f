use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P16",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
    parts: &[],
    title: "segment names are in order, without a gap or a repetition",
    doc: "Names carry the segment number. A gap means that a segment was lost; a repetition plays one twice.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in view
        .renditions
        .iter()
        .filter(|r| r.kind != MediaKind::IFrames)
    {
        for segment in &rendition.segments {
            let Some(part) = segment.part.as_ref().filter(|p| p.range.is_none()) else {
                continue;
            };
            out.seen();
            let found = number(&part.path);
            if found != Some(segment.number) {
                let found = found.map_or_else(|| part.path.clone(), |n| n.to_string());
                let expected = format!("segment number {}", segment.number);
                out.line(&rendition.path, segment.line, expected, found);
                break;
            }
        }
    }
}

/// The digits before the extension.
fn number(path: &str) -> Option<u32> {
    let (stem, _) = path.rsplit_once('.')?;
    let digits = stem.rsplit(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}
