use reelsmith_isobmff::Handler;

use crate::delivery::Text;
use crate::hls::Uri;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M27",
    basis: &[must(Rfc, "RFC 8216 4.3.4.1, 4.3.4.2, 4.3.4.3")],
    parts: &[],
    title: "every variant and every rendition leads to a media playlist of its kind",
    doc: "The URI of a variant, an I-frame stream or a rendition identifies a media playlist, not another multivariant \
          playlist and not a media file. Audio renditions lead to audio, and subtitles to text.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(multivariant) = view.multivariant.filter(|p| p.is_multivariant) else {
        return;
    };
    for uri in out.each(multivariant.references()) {
        if let Some(found) = wrong_target(view, uri) {
            out.multivariant(uri.line, format!("a media playlist at {}", uri.text), found);
        }
    }
    for tag in &multivariant.media {
        let rendition = tag
            .uri
            .as_ref()
            .and_then(|u| view.rendition(u.path.as_deref()?));
        let Some((rendition, init)) = rendition.and_then(|r| Some((r, r.init?))) else {
            continue;
        };
        let expected = match (tag.media_type(), &init.handler) {
            ("AUDIO", Handler::Video) if init.tracks == 1 => "audio",
            ("AUDIO", Handler::Text) => "audio",
            ("VIDEO", Handler::Audio | Handler::Text) => "video",
            ("SUBTITLES", Handler::Video | Handler::Audio) => "subtitles",
            _ => continue,
        };
        let found = format!("{} in {}", init.codec, rendition.path);
        out.multivariant(tag.line, expected, found);
    }
    for variant in &multivariant.variants {
        let Some(rendition) = view.rendition_of(variant) else {
            continue;
        };
        let found = match rendition.init.map(|i| &i.handler) {
            _ if rendition.playlist.i_frames_only.is_some() => "an I-frame playlist",
            Some(Handler::Text) => "text",
            Some(Handler::Audio) if variant.resolution().is_some() => "audio",
            _ => continue,
        };
        let found = format!("{found} in {}", rendition.path);
        out.multivariant(variant.line, "a media playlist of the variant", found);
    }
}

/// What a reference leads to instead of a media playlist. SEG-01 reports a missing object.
fn wrong_target(view: &View<'_>, uri: &Uri) -> Option<&'static str> {
    match view.delivery.texts.get(uri.path.as_ref()?)?.as_ref().ok()? {
        Text::Playlist(p) if p.is_multivariant => Some("a multivariant playlist"),
        Text::Playlist(p) if p.target_duration.is_none() && p.segments.is_empty() => {
            Some("a playlist without media")
        }
        Text::Playlist(_) => None,
        Text::Mpd(_) => Some("an MPD"),
        Text::Other(_) => Some("no playlist"),
    }
}
