//! Caption renditions of a plan: the manifest's files, and the mezzanine's own captions beside them.

pub(super) mod pictures;

use super::{LeftOut, TextRendition};
use crate::language;
use crate::manifest::{CaptionFormat, SubtitleTrack};
use crate::probe::{Inspection, TextStream};

/// Captions in the manifest's order, then those of the mezzanine; and what of the mezzanine's is left out.
pub(super) fn text(
    tracks: &[SubtitleTrack],
    inspection: &Inspection,
    embedded_too: bool,
) -> (Vec<TextRendition>, Vec<LeftOut>) {
    let mut text: Vec<_> = tracks
        .iter()
        .zip(&inspection.captions)
        .map(|(track, source)| TextRendition {
            path: text_path(&track.language, track.forced, track.sdh),
            source: source.clone(),
            stream: None,
            format: track.format,
            language: track.language.clone(),
            label: track.label.clone(),
            default: track.default,
            forced: track.forced,
            sdh: track.sdh,
        })
        .collect();
    let mut left_out = Vec::new();
    if !embedded_too {
        return (text, left_out);
    }
    let stated = text.len();
    for stream in &inspection.probe.text {
        match embedded(stream, inspection, &text) {
            Ok(rendition) => text.push(rendition),
            Err(taken) if taken.is_some_and(|at| at < stated) => {}
            Err(taken) => left_out.push(LeftOut {
                stream: stream.index,
                codec: stream.codec.clone(),
                language: stream.language.clone(),
                reason: reason(stream, taken.and_then(|at| text.get(at))),
            }),
        }
    }
    (text, left_out)
}

fn text_path(language: &str, forced: bool, sdh: bool) -> String {
    format!(
        "text/{language}{}",
        if forced {
            "_forced"
        } else if sdh {
            "_sdh"
        } else {
            ""
        }
    )
}

/// Codecs of subtitles that are pictures.
const PICTURES: [&str; 4] = ["hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub"];

/// The format that a subtitle stream is taken out in; `None` where it is no text that is read here.
fn embedded_format(codec: &str) -> Option<CaptionFormat> {
    match codec {
        "mov_text" | "subrip" | "text" => Some(CaptionFormat::Srt),
        "ass" | "ssa" => Some(CaptionFormat::Ass),
        "webvtt" => Some(CaptionFormat::Vtt),
        _ => None,
    }
}

/// The rendition of a subtitle stream; or, where there is none, the place in `text` of the one that stands already.
fn embedded(
    stream: &TextStream,
    inspection: &Inspection,
    text: &[TextRendition],
) -> Result<TextRendition, Option<usize>> {
    let language = stream.language.as_deref().map(language::tag);
    let language = language
        .filter(|tag| tag != language::UNKNOWN)
        .ok_or(None)?;
    // Forced subtitles are a few lines for everybody; what says both is those.
    let sdh = stream.sdh && !stream.forced;
    let path = text_path(&language, stream.forced, sdh);
    if let Some(at) = text.iter().position(|t| t.path == path) {
        return Err(Some(at));
    }
    Ok(TextRendition {
        format: embedded_format(&stream.codec).ok_or(None)?,
        label: label(&language, stream.forced, sdh, text),
        path,
        source: inspection.mezzanine.clone(),
        stream: Some(stream.index),
        language,
        default: false,
        forced: stream.forced,
        sdh,
    })
}

/// As a track of the manifest without a label is named; otherwise where a label of the manifest has taken that.
fn label(language: &str, forced: bool, sdh: bool, text: &[TextRendition]) -> String {
    let kind = if forced {
        " (forced)"
    } else if sdh {
        " (SDH)"
    } else {
        ""
    };
    let plain = format!("{language}{kind}");
    let numbered = (2u32..).map(|n| format!("{plain} {n}"));
    let mut names = std::iter::once(plain.clone()).chain(numbered);
    let free = names.find(|name| text.iter().all(|t| t.label != *name));
    free.unwrap_or(plain)
}

fn reason(stream: &TextStream, taken: Option<&TextRendition>) -> String {
    if PICTURES.contains(&stream.codec.as_str()) {
        return "pictures, not text; deliver a caption file".into();
    }
    if embedded_format(&stream.codec).is_none() {
        return "a format that is not read here; deliver a caption file".into();
    }
    match taken.and_then(|t| t.stream) {
        Some(first) => format!("stream {first} has the same language and kind"),
        None => "its language is not known; tag the stream or deliver a caption file".into(),
    }
}

#[cfg(test)]
mod tests;
