//! DSH-18: the MPD has the renditions of the job.

use reelsmith_core::ladder::VideoCodec;

use super::super::{Findings, Rule, RuleSet};
use crate::dash::{AdaptationSet, Mpd, Representation};
use crate::delivery::MPD;
use crate::expectation::ExpectedVideo;
use crate::report::Severity;
use crate::view::View;

/// The MPD has the renditions of the job.
pub(super) static RULE: Rule = Rule {
    id: "DSH-18",
    severity: Severity::Fail,
    spec: "pipeline",
    set: RuleSet::Pipeline,
    title: "the MPD has the renditions of the job",
    doc: "Every rung with its codec, size and frame rate, every audio and every caption language.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(expected) = view.expected.filter(|e| e.dash) else {
        return;
    };
    let Some(mpd) = view.mpd else {
        return out.add(MPD, None, "an MPD", "none that can be read");
    };
    for rung in &expected.video {
        match in_folder(mpd, &rung.path) {
            Some((set, found)) => compare(rung, set, found, out),
            None => out.add(
                MPD,
                None,
                format!("a representation in {}", rung.path),
                "none",
            ),
        }
    }
    let audio = expected.audio.iter().map(|a| (&a.path, &a.language));
    for (path, language) in audio.chain(expected.text.iter().map(|t| (&t.path, &t.language))) {
        let found = in_folder(mpd, path);
        let lang = found.and_then(|(set, _)| set.element.get("lang"));
        if found.is_none() || lang.is_some_and(|l| l != language) {
            let expected = format!("{path} with lang {language}");
            out.add(MPD, None, expected, lang.unwrap_or("none"));
        }
    }
}

fn in_folder<'a>(mpd: &'a Mpd, folder: &str) -> Option<(&'a AdaptationSet, &'a Representation)> {
    mpd.representations().find(|(_, r)| {
        let first = r.segments.first().map(|s| &s.path);
        let path = r.init.as_ref().map(|(path, _)| path).or(first);
        path.and_then(|p| p.rsplit_once('/')).map(|(f, _)| f) == Some(folder)
    })
}

fn compare(rung: &ExpectedVideo, set: &AdaptationSet, found: &Representation, out: &mut Findings) {
    let get = |name| set.attribute(found, name);
    let family = match rung.codec {
        VideoCodec::H264 => "avc1",
        VideoCodec::H265 => "hvc1",
    };
    let size = |name, wanted: u32| get(name).is_none_or(|v| v == wanted.to_string());
    let rate = get("frameRate").and_then(|r| r.parse::<reelsmith_core::time::FrameRate>().ok());
    let same = get("codecs").is_none_or(|c| c.starts_with(family))
        && size("width", rung.resolution.width)
        && size("height", rung.resolution.height)
        && rate.is_none_or(|r| r == rung.frame_rate);
    if !same {
        let expected = format!("{family} {} at {}/s", rung.resolution, rung.frame_rate);
        let text = |name| get(name).unwrap_or("none");
        let found_text = format!(
            "{} {}x{} at {}/s",
            text("codecs"),
            text("width"),
            text("height"),
            text("frameRate")
        );
        out.line(MPD, found.element.line, expected, found_text);
    }
}
