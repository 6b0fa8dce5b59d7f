use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M07",
    severity: Fail,
    set: Standard,
    spec: "RFC 8216 4.1, Apple HLS Authoring 1.27",
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
        if let Some((declared, measured)) = both.filter(|(d, m)| !within_percent(*m, *d, 10)) {
            let expected = format!("{attribute} within 10 % of the measured {measured} bit/s");
            out.multivariant(variant.line, expected, format!("{declared} bit/s"));
        }
    }
}
