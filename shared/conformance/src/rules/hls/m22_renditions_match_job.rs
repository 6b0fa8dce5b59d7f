use std::collections::BTreeSet;

use crate::expectation::{Expectation, ExpectedVideo};
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M22",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
    parts: &[],
    title: "the renditions are those of the job: codec, size, frame rate, language, name and channels",
    doc: "Every rung and every audio track of the job is in the multivariant playlist, and nothing else is. This \
          finds a rung that was lost and a rendition of another job.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(expected) = view.expected else {
        return out.not_judged(NO_JOB);
    };
    if view.multivariant.is_none() {
        return;
    }
    out.seen();
    let folder = |v: &Variant| view.rendition_of(v).map(Rendition::folder);
    for rung in &expected.video {
        let mut variants = view.variants().iter();
        match variants.find(|v| folder(v) == Some(&*rung.path)) {
            Some(variant) => compare(rung, variant, out),
            None => out.object(MULTIVARIANT, format!("a variant in {}", rung.path), "none"),
        }
    }
    for variant in view.variants() {
        // The variants of a title of audio alone are audio renditions.
        let mut audio = expected.audio.iter().filter(|_| expected.video.is_empty());
        let mut known = |folder: &&str| {
            expected.video.iter().any(|r| r.path == *folder) || audio.any(|a| a.path == *folder)
        };
        if let Some(folder) = folder(variant).filter(|f| !known(f)) {
            out.multivariant(variant.line, "only renditions of the job", folder);
        }
    }
    compare_channels(view, expected, out);
    compare_audio(view, expected, out);
}

fn compare(rung: &ExpectedVideo, variant: &Variant, out: &mut Findings) {
    let (entry, path) = (rung.sample_entry(), &rung.path);
    let (num, den) = (rung.frame_rate.num(), rung.frame_rate.den());
    let (num, den) = (u64::from(num), u64::from(den));
    let milli = (num * 1_000 + den / 2) / den;
    let size = (rung.resolution.width, rung.resolution.height);
    let rate = variant.frame_rate_milli();
    let same = variant.codecs().iter().any(|c| c.starts_with(entry))
        && variant.resolution().is_none_or(|r| r == size)
        && rate.is_none_or(|r| r.abs_diff(milli) <= 1);
    if !same && !variant.codecs().is_empty() {
        let expected = format!(
            "{entry} {} at {}/s in {path}",
            rung.resolution, rung.frame_rate
        );
        let [codecs, size, rate] =
            ["CODECS", "RESOLUTION", "FRAME-RATE"].map(|a| variant.get(a).unwrap_or("none"));
        out.multivariant(
            variant.line,
            expected,
            format!("{codecs} {size} at {rate}/s"),
        );
    }
}

fn compare_channels(view: &View<'_>, expected: &Expectation, out: &mut Findings) {
    for audio in &expected.audio {
        let Some(rendition) = view.in_folder(&audio.path) else {
            continue;
        };
        if rendition.media_tags.is_empty() {
            let expected = format!("EXT-X-MEDIA for {}", audio.path);
            out.object(MULTIVARIANT, expected, "none");
        }
        for tag in &rendition.media_tags {
            let declared = tag.get("CHANNELS").and_then(|c| c.split('/').next());
            // CHANNELS may be absent for mono and stereo.
            let optional = declared.is_none() && audio.channels <= 2;
            if !optional && declared != Some(&*audio.channels.to_string()) {
                let expected = format!("CHANNELS {} for {}", audio.channels, audio.path);
                out.multivariant(tag.line, expected, tag.get("CHANNELS").unwrap_or("none"));
            }
        }
    }
}

fn compare_audio(view: &View<'_>, expected: &Expectation, out: &mut Findings) {
    let found = view.labels("AUDIO", "DEFAULT");
    let wanted = expected.audio.iter();
    let wanted: BTreeSet<_> = wanted
        .map(|a| (&*a.language, &*a.label, a.default))
        .collect();
    for (language, name, default) in wanted.difference(&found) {
        let expected = format!("audio {language} {name:?} with default {default}");
        out.object(MULTIVARIANT, expected, "none");
    }
    for (language, name, _) in found.difference(&wanted) {
        if !wanted.iter().any(|w| w.0 == *language) {
            let found = format!("{language} {name:?}");
            out.object(MULTIVARIANT, "only audio of the job", found);
        }
    }
}
