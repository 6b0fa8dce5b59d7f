use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M09",
    basis: &[
        must(Rfc, "RFC 8216 4.3.4.2"),
        must(Apple, "Apple HLS Authoring 9.13"),
    ],
    parts: &[],
    title: "BANDWIDTH is at least the peak of video and audio together",
    doc: "It must be the largest sum over all playable combinations: the peak of the video plus that of the audio \
          rendition with the highest rate. A client that trusts a lower value stalls.",
    check,
};

/// Durations are rounded in two ways, which may differ by a thousandth.
const ROUNDING: u64 = 1_000;

fn check(view: &View<'_>, out: &mut Findings) {
    for variant in view.variants() {
        let live = view
            .rendition_of(variant)
            .is_some_and(|r| r.playlist.is_live());
        if live {
            continue;
        }
        let measured = view.combined_rate(variant, Rendition::peak);
        let both = variant.bandwidth().zip(measured);
        let Some((declared, sum)) = both else {
            continue;
        };
        out.seen();
        if declared.saturating_add(declared / ROUNDING) < sum {
            let expected =
                format!("BANDWIDTH of at least {sum} bit/s for video and audio together");
            out.multivariant(variant.line, expected, format!("{declared} bit/s"));
        }
    }
}
