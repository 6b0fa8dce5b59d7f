use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M09",
    severity: Fail,
    set: Standard,
    spec: "RFC 8216 4.3.4.2, Apple HLS Authoring 9.13",
    title: "BANDWIDTH is at least the peak of video and audio together",
    doc: "It must be the largest sum over all playable combinations: the peak of the video plus that of the audio \
          rendition with the highest rate. A client that trusts a lower value stalls.",
    check,
};

/// Durations are rounded in two ways, which may differ by a thousandth.
const ROUNDING: u64 = 1_000;

fn check(view: &View<'_>, out: &mut Findings) {
    for variant in view.variants() {
        let measured = view.combined_rate(variant, Rendition::peak);
        let both = variant.bandwidth().zip(measured);
        if let Some((declared, sum)) = both.filter(|(d, s)| d.saturating_add(d / ROUNDING) < *s) {
            let expected =
                format!("BANDWIDTH of at least {sum} bit/s for video and audio together");
            out.multivariant(variant.line, expected, format!("{declared} bit/s"));
        }
    }
}
