use super::m07_bandwidth_near_peak::compare_rate;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M08",
    basis: &[
        should(Rfc, "RFC 8216 4.3.4.2"),
        must(Apple, "Apple HLS Authoring 1.26"),
    ],
    parts: &[],
    title: "AVERAGE-BANDWIDTH is within 10 % of the measured average",
    doc: "The average is measured over all segments of the variant plus those of the audio rendition with the \
          highest rate.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    compare_rate(view, out, "AVERAGE-BANDWIDTH", Rendition::average);
}
