use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P13",
    basis: &[must(Rfc, "RFC 8216 4.3.2.2")],
    parts: &[&OVERLAP],
    title: "byte ranges lie inside their objects, ascend and do not overlap",
    doc: "A request for a range past the end fails, and overlapping ranges play the same media twice.",
    check,
};

const OVERLAP: RulePart = RulePart {
    title: "byte ranges ascend and do not overlap",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in &view.renditions {
        let mut last: Option<(&str, u64)> = None;
        let parts = rendition
            .segments
            .iter()
            .filter_map(|s| Some((s.line, s.part.as_ref()?)));
        for (line, part) in parts {
            let Some((offset, length)) = part.range else {
                continue;
            };
            out.seen();
            let end = offset.saturating_add(length);
            let size = view.object(&part.path).map(|o| o.size);
            if let Some(size) = size.filter(|s| *s > 0 && (end > *s || length == 0)) {
                let expected = format!("a range within the {size} bytes of {}", part.path);
                out.line(
                    &rendition.path,
                    line,
                    expected,
                    format!("{offset} to {end}"),
                );
            }
            let overlapped = last.filter(|(path, end)| *path == part.path && offset < *end);
            if let Some((_, end)) = overlapped {
                let expected = format!("a range from byte {end}, after the one before");
                out.of(&OVERLAP)
                    .line(&rendition.path, line, expected, offset);
            }
            last = Some((&part.path, end));
        }
    }
}
