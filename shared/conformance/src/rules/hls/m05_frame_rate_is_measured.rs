use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M05",
    basis: &[
        must(Rfc, "rfc8216bis 4.4.6.2"),
        must(Apple, "Apple HLS Authoring 9.15"),
    ],
    parts: &[&PRESENT, &AT_MOST_60],
    title: "FRAME-RATE is present, equals the measured rate, and is at most 60",
    doc: "The measured rate is the number of frames divided by the media duration, compared to three decimals, the \
          precision of the attribute.",
    check,
};

const PRESENT: RulePart = RulePart {
    title: "FRAME-RATE is present",
    basis: &[
        should(Rfc, "rfc8216bis 4.4.6.2"),
        must(Apple, "Apple HLS Authoring 9.15"),
    ],
};

const AT_MOST_60: RulePart = RulePart {
    title: "FRAME-RATE is at most 60",
    basis: &[must(Apple, "Apple HLS Authoring 1.19")],
};

fn check(view: &View<'_>, out: &mut Findings) {
    let video = view.variants().iter().filter(|v| v.has_video());
    for variant in out.each(video) {
        let Some(declared) = variant.frame_rate_milli() else {
            out.of(&PRESENT)
                .multivariant(variant.line, "FRAME-RATE", "none");
            continue;
        };
        if declared > 60_000 {
            out.of(&AT_MOST_60).multivariant(
                variant.line,
                "a FRAME-RATE of at most 60",
                decimal(declared),
            );
        }
        let rendition = view.rendition_of(variant);
        let measured = rendition.and_then(Rendition::frame_rate_milli);
        // Without a job, two decimals are enough, and a variable rate may be declared by its highest value.
        let highest = rendition.and_then(Rendition::highest_rate_milli);
        let (tolerance, highest) = match view.expected {
            Some(_) => (1, None),
            None => (10, highest),
        };
        let differs = |m: &u64| {
            m.abs_diff(declared) > tolerance
                && highest.is_none_or(|h| declared < *m || declared > h)
        };
        if let Some(measured) = measured.filter(differs) {
            let expected = format!("FRAME-RATE={} as measured", decimal(measured));
            out.multivariant(variant.line, expected, decimal(declared));
        }
    }
}

fn decimal(milli: u64) -> String {
    format!("{}.{:03}", milli / 1_000, milli % 1_000)
}
