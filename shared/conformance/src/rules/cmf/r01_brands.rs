use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "CMF-01",
    basis: &[must(Cmaf, "ISO/IEC 23000-19 A.2, A.3")],
    parts: &[],
    title: "brands declare CMAF and match the content",
    doc: "`ftyp` has cmfc or cmf2, a media profile brand matches the codec, and `styp`, if present, has a brand of \
          segments.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in view.video_and_audio() {
        let Some((init, path)) = rendition.init_at() else {
            continue;
        };
        out.seen();
        if !init.has_brand("cmfc") && !init.has_brand("cmf2") {
            let expected = "the brand cmfc or cmf2 in ftyp";
            out.object(path, expected, init.brands.join(","));
        }
        if let Some(brand) = init.brands.iter().find(|b| !matches_codec(b, init)) {
            let expected = format!("a media profile brand of {}", init.codec);
            out.object(path, expected, brand);
        }
        for (segment, facts) in rendition.measured_segments() {
            let known = |b: &String| matches!(&**b, "cmfs" | "cmff" | "cmfl" | "msdh" | "msix");
            if !facts.brands.is_empty() && !facts.brands.iter().any(known) {
                let expected = "a brand of segments in styp";
                out.segment(rendition, segment, expected, facts.brands.join(","));
            }
        }
    }
}

/// Whether a media profile brand (ISO/IEC 23000-19 annex A) matches the codec. Other brands are not judged.
fn matches_codec(brand: &str, init: &Init) -> bool {
    match brand {
        "cfhd" | "chdf" | "cfsd" => init.avc.is_some(),
        "chhd" | "chh1" | "cud8" | "cud1" | "chd1" | "clg1" => init.hevc.is_some(),
        "caac" | "caaa" => init.codec.starts_with("mp4a.40."),
        _ => true,
    }
}
