use crate::dash::{AdaptationSet, ContentType, Representation};
use crate::rule::prelude::*;
use crate::rules::declared::{contradicts_channels, contradicts_language};

pub(super) const RULE: Rule = Rule {
    id: "DSH-21",
    basis: &[must(Dash, "ISO/IEC 23009-1 5.3.3.2, 5.3.7.2")],
    parts: &[],
    title: "sizes, aspect ratios, rates, channels, languages and codecs of the MPD are those of the media",
    doc: "width, height, sar, par, frameRate, audioSamplingRate, AudioChannelConfiguration, lang and codecs are \
          compared with the init segment and with the durations of the samples, if they are declared. The frame rate \
          of a set for fast playback is not.",
    check,
};

/// The scheme whose value is a number of channels.
const CHANNELS: &str = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011";

fn check(view: &View<'_>, out: &mut Findings) {
    for (set, representation) in view.representations() {
        let Some(init) = view.init_of(representation) else {
            continue;
        };
        out.seen();
        let line = representation.element.line;
        for (name, expected, found) in contradictions(set, representation, init) {
            out.mpd(line, format!("{name} {expected} as in the media"), found);
        }
        if let Some(rendition) = view.rendition_of_representation(representation)
            && let Some((expected, found)) = wrong_rate(set, representation, rendition)
        {
            out.mpd(line, format!("frameRate {expected} as in the media"), found);
        }
    }
}

type Contradiction = (&'static str, String, String);

fn contradictions(set: &AdaptationSet, of: &Representation, init: &Init) -> Vec<Contradiction> {
    let get = |name: &str| set.attribute(of, name);
    let integer = |name: &str| get(name)?.parse::<u32>().ok();
    let mut found = Vec::new();
    let mut add = |name, expected: String, value: String| found.push((name, expected, value));
    let codecs = get("codecs").unwrap_or_default();
    let mut families = codecs.split(',').map(|c| codec_family(c.trim()));
    if !codecs.is_empty() && !families.any(|f| is_same_entry(f, &init.entry)) {
        add("codecs", init.codec.clone(), codecs.to_owned());
    }
    if let Some(wrong) = set
        .element
        .get("lang")
        .and_then(|l| contradicts_language(l, init))
    {
        add("lang", wrong.expected, wrong.found);
    }
    match set.content_type() {
        ContentType::Video => {
            let size = init
                .sps
                .as_ref()
                .map_or((init.width, init.height), |s| (s.width, s.height));
            let sar = init
                .sps
                .as_ref()
                .and_then(|s| s.vui.sar)
                .or(init.pixel_aspect);
            let sar = sar.filter(|(w, h)| *w > 0 && *h > 0).unwrap_or((1, 1));
            let declared = (integer("width"), integer("height"));
            // Some packagers declare the displayed size and no aspect ratio.
            let displayed = u64::from(size.0) * u64::from(sar.0) / u64::from(sar.1);
            for (name, declared, coded, shown) in [
                ("width", declared.0, size.0, displayed),
                ("height", declared.1, size.1, u64::from(size.1)),
            ] {
                let differs = |d: &u32| *d != coded && u64::from(*d).abs_diff(shown) > 1;
                if let Some(declared) = declared.filter(|d| coded > 0 && differs(d)) {
                    add(name, coded.to_string(), declared.to_string());
                }
            }
            if let Some((w, h)) = get("sar").and_then(ratio) {
                let known = init.sps.is_some() || init.pixel_aspect.is_some();
                if known && u64::from(w) * u64::from(sar.1) != u64::from(h) * u64::from(sar.0) {
                    add("sar", format!("{}:{}", sar.0, sar.1), format!("{w}:{h}"));
                }
            }
            let progressive = init.sps.as_ref().is_some_and(|s| s.progressive);
            if progressive && get("scanType") == Some("interlaced") {
                add(
                    "scanType",
                    "progressive".to_owned(),
                    "interlaced".to_owned(),
                );
            }
            if let Some((w, h)) = set.element.get("par").and_then(ratio) {
                let shape = (
                    u64::from(size.0) * u64::from(sar.0),
                    u64::from(size.1) * u64::from(sar.1),
                );
                let (a, b) = (u64::from(w) * shape.1, u64::from(h) * shape.0);
                // Sizes are rounded to even numbers, and ratios to small ones.
                if size.0 > 0 && a.abs_diff(b) * 100 > a.max(b) * 3 {
                    add(
                        "par",
                        format!("of {}x{}", shape.0, shape.1),
                        format!("{w}:{h}"),
                    );
                }
            }
        }
        ContentType::Audio => {
            let rate = get("audioSamplingRate")
                .and_then(|r| r.split_whitespace().next()?.parse::<u32>().ok());
            // HE-AAC has a core of half the rate.
            let rates = [init.sample_rate, init.sample_rate.saturating_mul(2)];
            let core = rates.len()
                - usize::from(!init.codec.starts_with("mp4a.40.5") && init.codec != "mp4a.40.29");
            if let Some(rate) = rate.filter(|r| init.sample_rate > 0 && !rates[..core].contains(r))
            {
                add(
                    "audioSamplingRate",
                    init.sample_rate.to_string(),
                    rate.to_string(),
                );
            }
            let channels = of.channels.iter().find(|c| c.scheme == CHANNELS);
            if let Some(wrong) = channels.and_then(|c| contradicts_channels(&c.value, init)) {
                add("AudioChannelConfiguration", wrong.expected, wrong.found);
            }
        }
        ContentType::Text | ContentType::Other => {}
    }
    found
}

/// Whether a codec string is one of a sample entry: `hev1` for `hvc1` is another one, `opus` for `Opus` is not.
fn is_same_entry(family: &str, entry: &str) -> bool {
    family.eq_ignore_ascii_case(entry)
}

fn ratio(text: &str) -> Option<(u32, u32)> {
    let (w, h) = text.split_once(':')?;
    let ratio: (u32, u32) = (w.parse().ok()?, h.parse().ok()?);
    (ratio.0 > 0 && ratio.1 > 0).then_some(ratio)
}

/// The frame rate in thousandths, if it is neither the measured nor the highest one.
fn wrong_rate(
    set: &AdaptationSet,
    of: &Representation,
    rendition: &Rendition<'_>,
) -> Option<(String, String)> {
    if set.content_type() != ContentType::Video || set.is_trick_mode {
        return None;
    }
    let text = set.attribute(of, "frameRate")?;
    let (num, den) = text.split_once('/').unwrap_or((text, "1"));
    let (num, den): (u64, u64) = (num.parse().ok()?, den.parse().ok()?);
    let declared = num.checked_mul(1_000)? / den.max(1);
    let measured = rendition.frame_rate_milli()?;
    let highest = rendition.highest_rate_milli()?;
    // A hundredth covers rates such as 23.98, and one lost or shortened sample.
    let close = |rate: u64| declared.abs_diff(rate) * 200 <= rate;
    let between = measured <= declared && declared <= highest;
    (!close(measured) && !close(highest) && !between).then(|| {
        let expected = format!("{}.{:03}", measured / 1_000, measured % 1_000);
        (expected, text.to_owned())
    })
}
