//! HLS-M22: the renditions are those of the job: codec, size, frame rate, language, name.

use std::collections::BTreeSet;

use reelsmith_core::ladder::VideoCodec;

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::expectation::{Expectation, ExpectedVideo};
use crate::hls::Variant;
use crate::report::Severity;
use crate::view::{Track, View};

/// The renditions are those of the job: codec, size, frame rate, language, name.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M22",
    severity: Severity::Fail,
    spec: "pipeline",
    set: RuleSet::Pipeline,
    title: "the renditions are those of the job: codec, size, frame rate, language, name, channels",
    doc: "A rung that failed silently, or one of another job, shows here. Nothing is missing and nothing is too many.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let (Some(expected), Some(_)) = (view.expected, view.multivariant) else {
        return;
    };
    for rung in &expected.video {
        let mut variants = view.variants().iter();
        let folder = |v: &&Variant| view.track_of(v).is_some_and(|t| t.folder() == rung.path);
        match variants.find(folder) {
            Some(variant) => compare(rung, variant, out),
            None => out.add(
                MULTIVARIANT,
                None,
                format!("a variant in {}", rung.path),
                "none",
            ),
        }
    }
    for variant in view.variants() {
        let folder = view.track_of(variant).map(Track::folder);
        if let Some(folder) = folder.filter(|f| !expected.video.iter().any(|r| r.path == *f)) {
            out.line(
                MULTIVARIANT,
                variant.line,
                "renditions of the job only",
                folder,
            );
        }
    }
    audio(view, expected, out);
}

fn compare(rung: &ExpectedVideo, variant: &Variant, out: &mut Findings) {
    let family = match rung.codec {
        VideoCodec::H264 => "avc1",
        VideoCodec::H265 => "hvc1",
    };
    let rate = (u64::from(rung.frame_rate.num()) * 1_000 + u64::from(rung.frame_rate.den()) / 2)
        / u64::from(rung.frame_rate.den());
    let size = (rung.resolution.width, rung.resolution.height);
    let same = variant.codecs().iter().any(|c| c.starts_with(family))
        && variant.resolution().is_none_or(|r| r == size)
        && variant
            .frame_rate_milli()
            .is_none_or(|r| r.abs_diff(rate) <= 1);
    if !same && !variant.codecs().is_empty() {
        let expected = format!(
            "{family} {} at {}/s in {}",
            rung.resolution, rung.frame_rate, rung.path
        );
        let get = |name| variant.attributes.get(name).unwrap_or("none");
        let found = format!(
            "{} {} at {}/s",
            get("CODECS"),
            get("RESOLUTION"),
            get("FRAME-RATE")
        );
        out.line(MULTIVARIANT, variant.line, expected, found);
    }
}

fn audio(view: &View<'_>, expected: &Expectation, out: &mut Findings) {
    for audio in &expected.audio {
        let track = view.in_folder(&audio.path);
        let tags = track.map_or(&[][..], |t| &t.media);
        let wanted = audio.channels.to_string();
        if track.is_some() && tags.is_empty() {
            let expected = format!("EXT-X-MEDIA for {}", audio.path);
            out.add(MULTIVARIANT, None, expected, "none");
        }
        for tag in tags {
            let found = tag.attributes.get("CHANNELS");
            // Stereo may go without saying.
            let found = found.unwrap_or(if audio.channels > 2 { "none" } else { &wanted });
            if found.split('/').next() != Some(&wanted) {
                let expected = format!("CHANNELS {wanted} for {}", audio.path);
                out.line(MULTIVARIANT, tag.line, expected, found);
            }
        }
    }
    let found: BTreeSet<(&str, &str, bool)> = view
        .media()
        .iter()
        .filter(|m| m.kind() == "AUDIO")
        .map(|m| {
            (
                m.attributes.get("LANGUAGE").unwrap_or_default(),
                m.name(),
                m.is_yes("DEFAULT"),
            )
        })
        .collect();
    let wanted = expected.audio.iter();
    let wanted: BTreeSet<_> = wanted
        .map(|a| (&*a.language, &*a.label, a.default))
        .collect();
    for (language, name, default) in wanted.difference(&found) {
        let expected = format!("audio {language} {name:?}, default {default}");
        out.add(MULTIVARIANT, None, expected, "none");
    }
    for (language, name, _) in found.difference(&wanted) {
        let known = wanted.iter().any(|w| w.0 == *language);
        if !known {
            out.add(
                MULTIVARIANT,
                None,
                "audio of the job only",
                format!("{language} {name:?}"),
            );
        }
    }
}
