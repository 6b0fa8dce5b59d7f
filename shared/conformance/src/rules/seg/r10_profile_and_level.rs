//! SEG-10: profile and level are those of CODECS, and within what devices decode.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::{MPD, MULTIVARIANT};
use crate::report::Severity;
use crate::view::{Kind, View};
use reelsmith_isobmff::Init;

/// Profile and level are those of CODECS, and within what devices decode.
pub(super) static RULE: Rule = Rule {
    id: "SEG-10",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 1.3, 1.6",
    set: RuleSet::Standard,
    title: "profile and level are those of CODECS, and within what devices decode",
    doc: "The bitstream is what counts: the codec configuration is compared with CODECS and @codecs, and with the parameter set. At most H.264 High 5.2 and HEVC Main 10 5.1.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for variant in view.variants() {
        let Some(track) = view.track_of(variant) else {
            continue;
        };
        for track in std::iter::once(track).chain(view.audio_of(variant)) {
            let Some(init) = track.init else { continue };
            let mut declared = variant.codecs().into_iter();
            let same_family = |c: &&str| c.split('.').next() == Some(init.entry.as_str());
            if let Some(found) = declared.find(same_family)
                && !found.eq_ignore_ascii_case(&init.codec)
            {
                let expected = format!("{} as in {}", init.codec, track.path);
                out.line(MULTIVARIANT, variant.line, expected, found);
            }
        }
    }
    for (set, representation) in view.mpd.into_iter().flat_map(|m| m.representations()) {
        let track = representation
            .init
            .as_ref()
            .and_then(|(p, _)| view.of_init(p));
        let found = set.attribute(representation, "codecs");
        if let (Some(init), Some(found)) = (track.and_then(|t| t.init), found)
            && !found.eq_ignore_ascii_case(&init.codec)
        {
            out.line(MPD, representation.element.line, init.codec.clone(), found);
        }
    }
    for track in view.of(Kind::Video) {
        if let Some((expected, found)) = track.init.and_then(beyond) {
            let path = track.maps.first().map_or(&*track.path, |m| &*m.path);
            out.add(path, None, expected, found);
        }
    }
}

/// What is beyond the limits, or contradicts the parameter set.
fn beyond(init: &Init) -> Option<(String, String)> {
    let (profile, level) = (init.profile?, init.level?);
    if let Some(sps) = init
        .sps
        .filter(|s| (s.profile, s.level) != (profile, level))
    {
        let expected = format!(
            "avcC as the SPS: profile {}, level {}",
            sps.profile, sps.level
        );
        return Some((expected, format!("profile {profile}, level {level}")));
    }
    let allowed = match (&init.avc, &init.hevc) {
        (Some(_), _) => matches!(profile, 66 | 77 | 100) && level <= 52,
        (_, Some(_)) => matches!(profile, 1 | 2) && level <= 153,
        _ => true,
    };
    let limits = "at most H.264 High 5.2 or HEVC Main 10 5.1".to_owned();
    (!allowed).then(|| (limits, init.codec.clone()))
}
