//! SEG-12: all chunks of a rung were encoded with the same settings.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;
use reelsmith_isobmff::Init;

/// All chunks of a rung were encoded with the same settings.
pub(super) static RULE: Rule = Rule {
    id: "SEG-12",
    severity: Severity::Fail,
    spec: "ISO/IEC 23000-19 B.2.4, pipeline",
    set: RuleSet::Standard,
    title: "all chunks of a rung were encoded with the same settings",
    doc: "One init segment serves the whole rendition: no sample carries parameter sets of its own, and where a playlist has several init segments they are equal.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for track in view.timed() {
        let mut inits = track
            .maps
            .iter()
            .filter_map(|m| Some((m, view.delivery.init(m)?)));
        let Some((_, first)) = inits.next() else {
            continue;
        };
        for (map, init) in inits.filter(|(_, i)| !same(first, i)) {
            let expected = format!(
                "the configuration of the first init segment, {}",
                first.codec
            );
            out.add(&map.path, None, expected, &*init.codec);
        }
        let Some(nal) = first.defaults.nal else {
            continue;
        };
        for segment in &track.segments {
            let pictures = segment
                .facts
                .into_iter()
                .flat_map(|f| f.first_pictures.iter().flatten());
            let mut changed = pictures.filter(|p| p.has_parameter_sets(nal.coding));
            if let Some(picture) = changed.next() {
                let found = format!("NAL unit types {:?}", picture.nal_types);
                let expected = "parameter sets in the init segment only";
                out.segment(&track.path, segment.number, expected, found);
            }
        }
    }
}

fn same(a: &Init, b: &Init) -> bool {
    (&a.entry, &a.config, a.timescale, a.width, a.height)
        == (&b.entry, &b.config, b.timescale, b.width, b.height)
}
