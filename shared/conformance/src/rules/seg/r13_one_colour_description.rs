use reelsmith_isobmff::Colour;

use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-13",
    basis: &[must(Apple, "Apple HLS Authoring 1.21, 1.22, 1.35")],
    parts: &[],
    title: "the colour description is the same everywhere",
    doc: "It is the same in the sequence parameter set, in `colr` and in all renditions. Otherwise the colours \
          change when a client switches.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let mut first: Option<(&str, Option<Colour>)> = None;
    for rendition in view.video() {
        let Some(init) = rendition.init else { continue };
        let path = rendition.init_path();
        let vui = init.sps.map(|s| s.vui).or(init.hevc_sps.map(|s| s.vui));
        let coded = vui.and_then(|v| v.colour);
        if let (Some(stored), Some(coded)) = (init.colour, coded) {
            out.seen();
            if stored == coded {
                continue;
            }
            let expected = format!("colr as the SPS: {}", describe(Some(coded)));
            out.object(path, expected, describe(Some(stored)));
        }
        // H.265 renditions may be HDR beside H.264 renditions of SDR.
        if init.sps.is_none() {
            continue;
        }
        let colour = coded.or(init.colour);
        let (first, expected) = first.get_or_insert((path, colour));
        if *first != path {
            out.seen();
        }
        if *expected != colour {
            let expected = format!("{} as in {first}", describe(*expected));
            out.object(path, expected, describe(colour));
        }
    }
}

fn describe(colour: Option<Colour>) -> String {
    let Some(c) = colour else {
        return "no colour description".to_owned();
    };
    format!(
        "primaries {}, transfer {}, matrix {}, full range {}",
        c.primaries, c.transfer, c.matrix, c.full_range
    )
}
