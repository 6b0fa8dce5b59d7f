use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-12",
    basis: &[must(Cmaf, "ISO/IEC 23000-19 7.3.2.1, B.2.4")],
    parts: &[],
    title: "all chunks of a rung were encoded with the same settings",
    doc: "One init segment applies to the whole rendition: no sample has parameter sets of its own, and all init \
          segments of a playlist are equal.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in view.video_and_audio() {
        let maps = rendition.maps.iter();
        let mut inits = maps.filter_map(|m| Some((m, view.delivery.init(m)?)));
        let Some((_, first)) = inits.next() else {
            continue;
        };
        for (map, init) in out.each(inits).filter(|(_, i)| !same(first, i)) {
            let expected = format!(
                "the configuration of the first init segment, {}",
                first.codec
            );
            out.object(&map.path, expected, &init.codec);
        }
        let Some(nal) = first.defaults.nal else {
            continue;
        };
        for (segment, facts) in out.each(rendition.measured_segments()) {
            let mut pictures = facts.first_pictures.iter().flatten();
            let changed = pictures.find(|p| p.has_parameter_sets(nal.coding));
            if let Some(picture) = changed {
                let found = format!("NAL unit types {:?}", picture.nal_types);
                let expected = "parameter sets in the init segment only";
                out.segment(rendition, segment, expected, found);
            }
        }
    }
}

fn same(a: &Init, b: &Init) -> bool {
    (&a.entry, &a.config, a.timescale, a.width, a.height)
        == (&b.entry, &b.config, b.timescale, b.width, b.height)
}
