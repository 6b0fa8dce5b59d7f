use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SUB-03",
    severity: Warn,
    set: Pipeline,
    spec: "pipeline",
    title: "every requested subtitle stream of the mezzanine is in the output",
    doc: "Bitmap subtitles, unsupported formats and streams without a known language are reported instead of being \
          lost silently.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for left in view.expected.into_iter().flat_map(|e| &e.left_out) {
        let language = left.language.as_deref().unwrap_or("not stated");
        let (stream, codec) = (left.stream, &left.codec);
        let expected = format!(
            "the captions of the mezzanine's stream {stream}, {codec}, language {language}"
        );
        out.object(MULTIVARIANT, expected, format!("left out: {}", left.reason));
    }
}
