use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M05",
    severity: Fail,
    set: Standard,
    spec: "Apple HLS Authoring 9.15, 1.19",
    title: "FRAME-RATE is present, equals the measured rate, and is at most 60",
    doc: "The measured rate is the number of frames divided by the media duration, compared to three decimals, the \
          precision of the attribute.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for variant in view.variants().iter().filter(|v| v.has_video()) {
        let Some(declared) = variant.frame_rate_milli() else {
            out.multivariant(variant.line, "FRAME-RATE", "none");
            continue;
        };
        if declared > 60_000 {
            out.multivariant(
                variant.line,
                "a FRAME-RATE of at most 60",
                decimal(declared),
            );
        }
        let rendition = view.rendition_of(variant);
        let measured = rendition.and_then(Rendition::frame_rate_milli);
        if let Some(measured) = measured.filter(|m| m.abs_diff(declared) > 1) {
            let expected = format!("FRAME-RATE={} as measured", decimal(measured));
            out.multivariant(variant.line, expected, decimal(declared));
        }
    }
}

fn decimal(milli: u64) -> String {
    format!("{}.{:03}", milli / 1_000, milli % 1_000)
}
