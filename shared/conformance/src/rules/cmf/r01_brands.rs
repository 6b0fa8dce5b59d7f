//! CMF-01: brands say CMAF, and what is inside.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;
use reelsmith_isobmff::Init;

/// Brands say CMAF, and what is inside.
pub(super) static RULE: Rule = Rule {
    id: "CMF-01",
    severity: Severity::Fail,
    spec: "ISO/IEC 23000-19 A.2, A.3",
    set: RuleSet::Standard,
    title: "brands say CMAF, and what is inside",
    doc: "`ftyp` has cmfc or cmf2; a media profile brand fits the codec; `styp`, where there is one, is that of a segment.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for track in view.timed() {
        let Some((init, map)) = track.init.zip(track.maps.first()) else {
            continue;
        };
        if !init.has_brand("cmfc") && !init.has_brand("cmf2") {
            out.add(
                &map.path,
                None,
                "the brand cmfc or cmf2 in ftyp",
                init.brands.join(","),
            );
        }
        if let Some(brand) = init.brands.iter().find(|b| !fits(b, init)) {
            let expected = format!("a media profile brand of {}", init.codec);
            out.add(&map.path, None, expected, brand);
        }
        for segment in &track.segments {
            let brands = segment.facts.map(|f| &f.brands).filter(|b| !b.is_empty());
            let known = |b: &String| matches!(&**b, "cmfs" | "cmff" | "cmfl" | "msdh" | "msix");
            if let Some(brands) = brands.filter(|b| !b.iter().any(known)) {
                let expected = "a brand of segments in styp";
                out.segment(&track.path, segment.number, expected, brands.join(","));
            }
        }
    }
}

/// Whether a brand of ISO/IEC 23000-19 annex A fits the codec; others are not judged.
fn fits(brand: &str, init: &Init) -> bool {
    match brand {
        "cfhd" | "chdf" | "cfsd" => init.avc.is_some(),
        "chhd" | "chh1" | "cud8" | "cud1" | "chd1" | "clg1" => init.hevc.is_some(),
        "caac" | "caaa" => init.codec.starts_with("mp4a.40."),
        _ => true,
    }
}
