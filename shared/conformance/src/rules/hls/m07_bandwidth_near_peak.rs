use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M07",
    basis: &[
        should(Rfc, "RFC 8216 4.1, 4.3.4.2"),
        must(Apple, "Apple HLS Authoring 1.27"),
    ],
    parts: &[],
    title: "BANDWIDTH is within 10 % of the measured peak",
    doc: "The peak is the highest bit rate of any run of segments that lasts 0.5 to 1.5 target durations, measured \
          for the variant plus the audio rendition with the highest rate.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    compare_rate(view, out, "BANDWIDTH", Rendition::peak);
}

/// Compares a declared bit rate of every variant with the measured rate of its video and audio together.
pub(super) fn compare_rate<'a>(
    view: &View<'a>,
    out: &mut Findings,
    attribute: &str,
    rate: fn(&Rendition<'a>) -> Option<u64>,
) {
    for variant in view.variants() {
        let declared = variant.attributes.integer(attribute);
        let both = declared.zip(view.combined_rate(variant, rate));
        let Some((declared, measured)) = both else {
            continue;
        };
        out.seen();
        if !within_percent(measured, declared, 10) {
            let expected = format!("{attribute} within 10 % of the measured {measured} bit/s");
            out.multivariant(variant.line, expected, format!("{declared} bit/s"));
        }
    }
}
