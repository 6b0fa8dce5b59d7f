use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SUB-03",
    basis: &[should(Reelsmith, "the promises of this pipeline")],
    parts: &[],
    title: "every requested subtitle stream of the mezzanine is in the output",
    doc: "Bitmap subtitles, unsupported formats and streams without a known language are reported instead of being \
          lost silently.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    if view.expected.is_none() {
        return out.not_judged(NO_JOB);
    }
    out.seen();
    for left in view.expected.into_iter().flat_map(|e| &e.left_out) {
        let language = left.language.as_deref().unwrap_or("not stated");
        let (stream, codec) = (left.stream, &left.codec);
        let expected = format!(
            "the captions of the mezzanine's stream {stream}, {codec}, language {language}"
        );
        out.object(MULTIVARIANT, expected, format!("left out: {}", left.reason));
    }
}
