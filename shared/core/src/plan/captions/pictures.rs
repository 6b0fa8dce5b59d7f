//! Captions within the pictures (CEA-608).

use super::text_path;
use crate::manifest::CaptionFormat;
use crate::plan::{LeftOut, TextRendition};
use crate::probe::Inspection;

/// ffmpeg's name of what they are in.
pub const CODEC: &str = "eia_608";

/// Seconds of one thread for decoding all of a video for its captions: what a function of half a processor does in ten of
/// its fifteen minutes.
const MOST_DECODING: f64 = 300.0;

/// Adds the captions within the pictures, or why they are left out, where there are any or the manifest expects them.
///
/// `language` is the manifest's, `decoding` the seconds of one thread to decode all of the video.
pub(in crate::plan) fn add(
    language: Option<&str>,
    inspection: &Inspection,
    decoding: f64,
    text: &mut Vec<TextRendition>,
    left_out: &mut Vec<LeftOut>,
) {
    match judged(language, inspection, decoding, text) {
        Ok(found) => text.extend(found),
        Err(reason) => left_out.push(LeftOut {
            stream: inspection.probe.video.index,
            codec: CODEC.into(),
            language: language.map(str::to_owned),
            reason,
        }),
    }
}

fn judged(
    language: Option<&str>,
    inspection: &Inspection,
    decoding: f64,
    text: &[TextRendition],
) -> Result<Option<TextRendition>, String> {
    let video = &inspection.probe.video;
    let language = match (video.captioned, language) {
        (false, None) => return Ok(None),
        (false, Some(_)) => {
            return Err("the first pictures have none; deliver a caption file".into());
        }
        (true, None) => {
            return Err(
                "their language is not known; state ClosedCaptionLanguage or deliver a caption file"
                    .into(),
            );
        }
        (true, Some(language)) => language,
    };
    let path = text_path(language, false, true);
    match text.iter().find(|t| t.path == path).map(|t| t.stream) {
        Some(None) => return Ok(None),
        Some(Some(first)) => return Err(format!("stream {first} has the same language and kind")),
        None => {}
    }
    if decoding > MOST_DECODING {
        return Err(format!(
            "decoding all pictures takes {decoding:.0} s, and {MOST_DECODING:.0} at most are taken; deliver a caption file"
        ));
    }
    Ok(Some(TextRendition {
        format: CaptionFormat::Ass,
        label: super::label(language, false, true, text),
        path,
        source: inspection.mezzanine.clone(),
        stream: Some(video.index),
        language: language.to_owned(),
        default: false,
        forced: false,
        sdh: true,
    }))
}
