use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "CMF-06",
    basis: &[should(Reelsmith, "CTA Wave HLS interoperability 4.1.2")],
    parts: &[],
    title: "if a track declares a constant bit rate, its fragments are within 10 % of the average",
    doc: "Judged if BANDWIDTH is at most 10 % above AVERAGE-BANDWIDTH. Constant quality gives complex scenes more \
          bits by design and declares it. The last fragment may be short and is not judged.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in view
        .video_and_audio()
        .filter(|r| is_constant(r) && r.init_at().is_some())
    {
        let (Some(average), Some(scale)) = (rendition.average(), rendition.timescale()) else {
            continue;
        };
        let measured = rendition.measured_segments();
        let fragments = measured.flat_map(|(s, facts)| facts.of_track().map(move |f| (s, f)));
        let rates: Vec<_> = fragments
            .map(|(segment, f)| {
                let bytes = f.mdat.end.saturating_sub(f.moof.start);
                (segment, rate(bytes, nanos(f.duration().into(), scale)))
            })
            .collect();
        let Some((_, rates)) = rates.split_last() else {
            continue;
        };
        out.seen();
        let wrong = rates.iter().find(|(_, r)| !within_percent(*r, average, 10));
        if let Some((segment, found)) = wrong {
            let expected = format!("{average} bit/s within 10 % in every fragment");
            out.segment(rendition, segment, expected, found);
        }
    }
}

fn is_constant(rendition: &Rendition<'_>) -> bool {
    let variants = rendition.variants.iter();
    let mut declared = variants.filter_map(|v| v.bandwidth().zip(v.average_bandwidth()));
    declared.any(|(peak, average)| within_percent(peak, average, 10))
}
