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
    title: "the sample entry has the codec configuration, and parameter sets in samples are the same",
    doc: "The box with the configuration is there. With avc1 and hvc1 it has a sequence and a picture parameter set, and a \
          set in a sample equals one of them. With AV1 the sequence header in a sample has the profile, level and size of \
          that in av1C. A decoder is set up from the init segment.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let video = [Examination::Nal, Examination::Frames];
    defects::report(view, out, DefectKind::Parameters, &video);
    for (part, init) in &view.delivery.inits {
        let Ok(init) = init else { continue };
        let Some(configuration) = configuration(&init.entry) else {
            continue;
        };
        out.seen();
        if init.config.is_empty() {
            out.object(
                &part.path,
                format!("{configuration} in {}", init.entry),
                "none",
            );
        }
        if let Some(missing) = missing_set(init) {
            out.object(&part.path, missing, "none that can be read");
        }
    }
}

/// The box with the codec configuration in a sample entry.
fn configuration(entry: &str) -> Option<&'static str> {
    Some(match entry {
        "avc1" | "avc3" => "avcC",
        "hvc1" | "hev1" => "hvcC",
        "av01" => "av1C",
        "vp09" => "vpcC",
        "mp4a" => "esds",
        "ac-3" => "dac3",
        "ec-3" => "dec3",
        "Opus" => "dOps",
        "fLaC" => "dfLa",
        _ => return None,
    })
}

/// A parameter set that the codec configuration lacks.
fn missing_set(init: &Init) -> Option<&'static str> {
    if !matches!(&*init.entry, "avc1" | "hvc1") {
        return None;
    }
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
