use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P09",
    basis: &[
        must(Rfc, "RFC 8216 4.3.3.2"),
        should(Reelsmith, "the promises of this pipeline"),
    ],
    parts: &[&START],
    title: "EXT-X-MEDIA-SEQUENCE is absent, 0 or 1, and precedes the first segment",
    doc: "A VOD playlist never has segments removed, so its numbering starts at the beginning.",
    check,
};

const START: RulePart = RulePart {
    title: "a playlist that never changes starts at 0 or 1",
    basis: &[should(Reelsmith, "the promises of this pipeline")],
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in &view.renditions {
        let sequence = rendition.playlist.media_sequence.as_ref();
        if sequence.is_some() {
            out.seen();
        }
        let live = rendition.playlist.is_live();
        if let Some(sequence) = sequence.filter(|s| s.value > 1 && !live) {
            let expected = "EXT-X-MEDIA-SEQUENCE of 0 or 1";
            out.of(&START)
                .line(&rendition.path, sequence.line, expected, sequence.value);
        }
    }
}
