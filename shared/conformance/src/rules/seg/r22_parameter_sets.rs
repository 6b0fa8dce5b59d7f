use reelsmith_isobmff::{DefectKind, Examination, Init};

use crate::rule::prelude::*;
use crate::rules::defects;

pub(super) const RULE: Rule = Rule {
    id: "SEG-22",
    basis: &[
        must(Rfc, "ISO/IEC 14496-15 5.3.3, 8.3.3"),
        must(Cmaf, "ISO/IEC 14496-15 5.3.3, 8.3.3"),
        must(Dash, "ISO/IEC 14496-15 5.3.3, 8.3.3"),
    ],
    parts: &[],
    title: "parameter sets are in the sample entry, and those in samples are the same",
    doc: "With avc1 and hvc1 the codec configuration has a sequence and a picture parameter set, and a set in a sample equals \
          one of them. With AV1 the sequence header in a sample has the profile, level and size of that in av1C. A decoder \
          is set up from the init segment.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let video = [Examination::Nal, Examination::Frames];
    defects::report(view, out, DefectKind::Parameters, &video);
    for (part, init) in &view.delivery.inits {
        let Some(init) = init
            .as_ref()
            .ok()
            .filter(|i| matches!(&*i.entry, "avc1" | "hvc1"))
        else {
            continue;
        };
        out.seen();
        if let Some(missing) = missing_set(init) {
            out.object(&part.path, missing, "none that can be read");
        }
    }
}

/// A parameter set that the codec configuration lacks.
fn missing_set(init: &Init) -> Option<&'static str> {
    if let Some(avc) = &init.avc {
        let sps = init
            .sps
            .is_none()
            .then_some("a sequence parameter set in avcC");
        let pps = avc
            .pps
            .is_empty()
            .then_some("a picture parameter set in avcC");
        return sps.or(pps);
    }
    let hevc = init.hevc.as_ref()?;
    let has = |kind: u8| {
        hevc.sets
            .iter()
            .any(|s| s.first().is_some_and(|b| b >> 1 & 0x3f == kind))
    };
    let sps = init
        .hevc_sps
        .is_none()
        .then_some("a sequence parameter set in hvcC");
    let pps = (!has(34)).then_some("a picture parameter set in hvcC");
    let vps = (!has(32)).then_some("a video parameter set in hvcC");
    sps.or(pps).or(vps)
}
