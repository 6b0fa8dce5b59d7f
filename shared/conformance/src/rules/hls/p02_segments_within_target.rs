use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P02",
    basis: &[
        must(Rfc, "RFC 8216 4.3.3.1"),
        must(Apple, "Apple HLS Authoring 7.7"),
    ],
    parts: &[],
    title: "no segment is longer than the target duration",
    doc: "EXTINF, rounded to the nearest second, is at most the target duration; the measured duration may exceed \
          it by half a second. Raise the target duration or cut shorter segments.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in &view.renditions {
        let Some(target) = &rendition.playlist.target_duration else {
            continue;
        };
        let limit = i128::from(target.value) * NANOS;
        for segment in out.each(&rendition.segments) {
            let rounded = (segment.extinf + NANOS / 2) / NANOS * NANOS;
            let measured = segment
                .measured()
                .filter(|_| rendition.kind != MediaKind::IFrames);
            if rounded > limit {
                let expected = format!("a rounded EXTINF of at most {} s", target.value);
                out.line(
                    &rendition.path,
                    segment.line,
                    expected,
                    seconds(segment.extinf),
                );
            } else if let Some(measured) = measured.filter(|m| *m > limit + NANOS / 2) {
                let expected = format!("at most {}.5 s of media", target.value);
                out.segment(rendition, segment, expected, seconds(measured));
            }
        }
    }
}
