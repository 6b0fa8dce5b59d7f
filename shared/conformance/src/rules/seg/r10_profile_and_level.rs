use crate::fault::Mismatch;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-10",
    basis: &[
        must(Rfc, "RFC 8216 4.3.4.2"),
        must(Dash, "ISO/IEC 23009-1 5.3.7.2"),
        must(Cmaf, "ISO/IEC 14496-15 5.3.3"),
    ],
    parts: &[&LIMITS],
    title: "profile and level equal those in CODECS and are within what devices decode",
    doc: "The codec configuration of the init segment is compared with CODECS, with @codecs and with the sequence \
          parameter set. The limits are H.264 High 5.2 and HEVC Main 10 5.1.",
    check,
};

const LIMITS: RulePart = RulePart {
    title: "devices decode the profile and the level",
    basis: &[must(Apple, "Apple HLS Authoring 1.3, 1.6")],
};

fn check(view: &View<'_>, out: &mut Findings) {
    for variant in view.variants() {
        let Some(video) = view.rendition_of(variant) else {
            continue;
        };
        for rendition in std::iter::once(video).chain(view.audio_of(variant)) {
            let Some(init) = rendition.init else { continue };
            let mut declared = variant.codecs().into_iter();
            let found = declared.find(|c| codec_family(c) == init.entry);
            for found in out.each(found).filter(|c| !is_same_codec(c, &init.codec)) {
                let expected = format!("{} as in {}", init.codec, rendition.path);
                out.multivariant(variant.line, expected, found);
            }
        }
    }
    for (set, representation) in view.representations() {
        let rendition = view.rendition_of_representation(representation);
        let declared = set.attribute(representation, "codecs");
        let both = rendition.and_then(|r| r.init).zip(declared);
        for (init, found) in out.each(both) {
            if is_same_codec(found, &init.codec) {
                continue;
            }
            out.mpd(representation.element.line, &init.codec, found);
        }
    }
    for rendition in view.video() {
        for init in out.each(rendition.init) {
            if let Some(wrong) = contradiction(init) {
                out.object(rendition.init_path(), wrong.expected, wrong.found);
            } else if let Some(wrong) = beyond_limits(init) {
                out.of(&LIMITS)
                    .object(rendition.init_path(), wrong.expected, wrong.found);
            }
        }
    }
}

/// Whether a declared codec string is the measured one. Optional fields at the end may be absent in either, and several
/// codecs may be declared.
fn is_same_codec(declared: &str, measured: &str) -> bool {
    let mut declared = declared.split(',').map(|c| c.trim().to_ascii_lowercase());
    let measured = measured.to_ascii_lowercase();
    let starts = |long: &str, short: &str| {
        let rest = long.strip_prefix(short);
        rest.is_some_and(|r| r.is_empty() || r.starts_with('.'))
    };
    declared.any(|d| d == measured || starts(&d, &measured) && !has_fixed_length(&measured))
}

/// Whether a codec string has no optional fields: those of AVC, HEVC and AAC.
fn has_fixed_length(codec: &str) -> bool {
    ["avc", "hvc", "hev", "mp4a"]
        .iter()
        .any(|p| codec.starts_with(p))
}

/// A configuration that contradicts the sequence parameter set.
fn contradiction(init: &Init) -> Option<Mismatch> {
    let (profile, level) = (init.profile?, init.level?);
    let describe = |profile, level| format!("profile {profile}, level {level}");
    let sps = init
        .sps
        .filter(|s| (s.profile, s.level) != (profile, level))?;
    let expected = format!("avcC as the SPS: {}", describe(sps.profile, sps.level));
    Some(Mismatch::new(expected, describe(profile, level)))
}

/// A configuration that exceeds what devices decode.
fn beyond_limits(init: &Init) -> Option<Mismatch> {
    let (profile, level) = (init.profile?, init.level?);
    let allowed = match (&init.avc, &init.hevc) {
        (Some(_), _) => matches!(profile, 66 | 77 | 100) && level <= 52,
        (_, Some(_)) => matches!(profile, 1 | 2) && level <= 153,
        _ => true,
    };
    let limits = "at most H.264 High 5.2 or HEVC Main 10 5.1";
    (!allowed).then(|| Mismatch::new(limits, &init.codec))
}
