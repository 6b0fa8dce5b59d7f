use reelsmith_core::time::FrameRate;

use crate::dash::{AdaptationSet, ContentType, Mpd, Representation};
use crate::expectation::ExpectedVideo;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-18",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
    parts: &[],
    title: "the MPD has the renditions of the job",
    doc: "Every rung with its codec, size and frame rate, every audio track and every caption language. No other \
          audio.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(expected) = view.expected else {
        return out.not_judged(NO_JOB);
    };
    if !expected.dash {
        return;
    }
    out.seen();
    let Some(mpd) = view.mpd else {
        return out.object(MPD, "an MPD", "none that can be read");
    };
    for rung in &expected.video {
        match in_folder(mpd, &rung.path) {
            Some((set, found)) => compare(rung, set, found, out),
            None => out.object(MPD, format!("a representation in {}", rung.path), "none"),
        }
    }
    let audio = expected.audio.iter().map(|a| (&a.path, &a.language));
    let text = expected.text.iter().map(|t| (&t.path, &t.language));
    for (path, language) in audio.chain(text) {
        let found = in_folder(mpd, path);
        let declared = found.and_then(|(set, _)| set.element.get("lang"));
        if found.is_none() || declared.is_some_and(|l| l != language) {
            let expected = format!("{path} with lang {language}");
            out.object(MPD, expected, declared.unwrap_or("none"));
        }
    }
    for (set, representation) in mpd.representations() {
        let found = folder(representation).filter(|f| expected.audio.iter().all(|a| a.path != *f));
        if let (ContentType::Audio, Some(found)) = (set.content_type(), found) {
            out.mpd(set.element.line, "only audio of the job", found);
        }
    }
}

fn in_folder<'a>(mpd: &'a Mpd, path: &str) -> Option<(&'a AdaptationSet, &'a Representation)> {
    mpd.representations().find(|(_, r)| folder(r) == Some(path))
}

fn folder(representation: &Representation) -> Option<&str> {
    let first = representation.segments.first().map(|s| &s.path);
    let path = representation.init.as_ref().map(|part| &part.path);
    Some(path.or(first)?.rsplit_once('/')?.0)
}

fn compare(rung: &ExpectedVideo, set: &AdaptationSet, found: &Representation, out: &mut Findings) {
    let get = |name| set.attribute(found, name);
    let entry = rung.sample_entry();
    let equal = |name, wanted: u32| get(name).is_none_or(|v| v == wanted.to_string());
    let rate = get("frameRate").and_then(|r| r.parse::<FrameRate>().ok());
    let same = get("codecs").is_none_or(|c| c.starts_with(entry))
        && equal("width", rung.resolution.width)
        && equal("height", rung.resolution.height)
        && rate.is_none_or(|r| r == rung.frame_rate);
    if !same {
        let expected = format!("{entry} {} at {}/s", rung.resolution, rung.frame_rate);
        let [codecs, width, height, rate] =
            ["codecs", "width", "height", "frameRate"].map(|name| get(name).unwrap_or("none"));
        let described = format!("{codecs} {width}x{height} at {rate}/s");
        out.mpd(found.element.line, expected, described);
    }
}
