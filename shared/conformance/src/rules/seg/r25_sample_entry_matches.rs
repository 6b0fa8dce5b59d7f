use crate::fault::Mismatch;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-25",
    basis: &[
        must(
            Rfc,
            "ISO/IEC 14496-12 12.1.3, 12.2.3, ISO/IEC 14496-15 5.4, 8.4",
        ),
        must(
            Cmaf,
            "ISO/IEC 14496-12 12.1.3, 12.2.3, ISO/IEC 14496-15 5.4, 8.4",
        ),
        must(
            Dash,
            "ISO/IEC 14496-12 12.1.3, 12.2.3, ISO/IEC 14496-15 5.4, 8.4",
        ),
    ],
    parts: &[],
    title: "the fields of the sample entry agree with the codec configuration",
    doc: "Width, height and pixel aspect ratio are those of the sequence parameter set or header, the profile, level and bit \
          depth of hvcC are those of its set, and rate and channels of mp4a are those of the AudioSpecificConfig. Clients \
          choose and set up a decoder by one or the other.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for (part, init) in &view.delivery.inits {
        let Ok(init) = init else { continue };
        out.seen();
        let wrong = [
            wrong_size(init),
            wrong_aspect(init),
            wrong_hevc(init),
            wrong_audio(init),
        ];
        for wrong in wrong.into_iter().flatten() {
            out.object(&part.path, wrong.expected, wrong.found);
        }
    }
}

fn wrong_size(init: &Init) -> Option<Mismatch> {
    let avc = init.sps.map(|s| (s.width, s.height));
    let hevc = init.hevc_sps.map(|s| (s.width, s.height));
    let av1 = init.av1.map(|s| (s.width, s.height));
    let (width, height) = avc.or(hevc).or(av1)?;
    ((width, height) != (init.width, init.height)).then(|| {
        let expected = format!("{width}x{height} in the sample entry, as coded");
        Mismatch::new(expected, format!("{}x{}", init.width, init.height))
    })
}

fn wrong_aspect(init: &Init) -> Option<Mismatch> {
    let vui = init
        .sps
        .map(|s| s.vui)
        .or_else(|| init.hevc_sps.map(|s| s.vui))?;
    let ((a, b), (c, d)) = vui.sar.zip(init.pixel_aspect)?;
    let same = u64::from(a) * u64::from(d) == u64::from(b) * u64::from(c);
    (!same).then(|| Mismatch::new(format!("pasp {a}:{b} as coded"), format!("{c}:{d}")))
}

fn wrong_hevc(init: &Init) -> Option<Mismatch> {
    let (config, sps) = init.hevc.as_ref().zip(init.hevc_sps)?;
    let stored = (
        config.profile,
        config.high_tier,
        config.level,
        config.bit_depth,
    );
    let depth = u8::try_from(sps.bit_depth).unwrap_or(0);
    let coded = (sps.profile, sps.high_tier, sps.level, depth);
    let describe = |(profile, high, level, depth): (u8, bool, u8, u8)| {
        let tier = if high { "high" } else { "main" };
        format!("profile {profile}, {tier} tier, level {level}, {depth} bits")
    };
    (stored != coded).then(|| {
        let expected = format!("hvcC as the SPS: {}", describe(coded));
        Mismatch::new(expected, describe(stored))
    })
}

/// Many writers put 2 channels into every sample entry of mp4a, and 0 for a rate that does not fit.
fn wrong_audio(init: &Init) -> Option<Mismatch> {
    let (channels, rate) = init.entry_audio;
    if init.entry != "mp4a" || init.profile != Some(2) {
        return None;
    }
    if !matches!(channels, 0 | 2) && channels != init.channels {
        let expected = format!("{} channels in the sample entry", init.channels);
        return Some(Mismatch::new(expected, channels));
    }
    // With implicit signalling of SBR the sample entry may have twice the rate.
    let allowed = rate == 0 || rate == init.sample_rate || rate == 2 * init.sample_rate;
    (!allowed).then(|| {
        let expected = format!("{} Hz in the sample entry", init.sample_rate);
        Mismatch::new(expected, rate)
    })
}
