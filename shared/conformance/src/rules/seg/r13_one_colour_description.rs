//! SEG-13: the colour description is one and the same.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::{Kind, View};
use reelsmith_isobmff::Colour;

/// The colour description is one and the same.
pub(super) static RULE: Rule = Rule {
    id: "SEG-13",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 1.21, 1.22, 1.35",
    set: RuleSet::Standard,
    title: "the colour description is one and the same",
    doc: "In the parameter set and in `colr`, and in all renditions: otherwise the picture changes its colours when the rung changes.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let mut known: Option<(&str, Option<Colour>)> = None;
    for track in view.of(Kind::Video) {
        let Some(init) = track.init else { continue };
        let path = track.maps.first().map_or(&*track.path, |m| &*m.path);
        let coded = init.sps.and_then(|s| s.vui.colour);
        if let (Some(stored), Some(coded)) = (init.colour, coded)
            && stored != coded
        {
            out.add(
                path,
                None,
                format!("colr as the SPS: {}", name(Some(coded))),
                name(Some(stored)),
            );
        }
        // HEVC's parameter set is not read, so only like codecs are compared.
        if init.sps.is_none() {
            continue;
        }
        let colour = coded.or(init.colour);
        let (first, expected) = known.get_or_insert((path, colour));
        if *expected != colour {
            out.add(
                path,
                None,
                format!("{} as {first}", name(*expected)),
                name(colour),
            );
        }
    }
}

fn name(colour: Option<Colour>) -> String {
    colour.map_or_else(
        || "no colour description".to_owned(),
        |c| {
            format!(
                "primaries {}, transfer {}, matrix {}, full range {}",
                c.primaries, c.transfer, c.matrix, c.full_range
            )
        },
    )
}
