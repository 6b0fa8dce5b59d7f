//! Media to decode, and what a decoder reported about them (SEG-18).
//!
//! A caller decodes each of [`Delivery::decodable`] and puts the result into [`Delivery::decoded`]. Most defects in the
//! coded data of a picture or of sound are visible only to a decoder.

use crate::delivery::Delivery;
use crate::evidence::DeadRun;
use crate::hls::{Encryption, Map};
use crate::path::Part;
use crate::view::{MediaKind, View};

/// A rendition of video or sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decodable {
    /// Path of its playlist, or of the init segment of a representation.
    pub rendition: String,
    pub has_video: bool,
    pub segments: Vec<DecodableSegment>,
    /// Why it cannot be decoded.
    pub refused: Option<&'static str>,
}

/// A segment of a rendition that is decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodableSegment {
    /// Number in the playlist, from 1.
    pub number: u32,
    /// The init segment; `None` for MPEG-TS and packed audio.
    pub init: Option<Part>,
    pub part: Part,
    /// Whether decoding can start here.
    pub is_independent: bool,
    /// Duration in milliseconds.
    pub duration_ms: u64,
}

/// What the decoder reported about one rendition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// What the decoder complained about, with the number of the segment if it is known.
    pub complaints: Vec<(Option<u32>, String)>,
    /// Black, frozen and silent runs. Times count from the start of the rendition.
    pub runs: Vec<DeadRun>,
}

impl Delivery {
    /// The renditions of video and sound.
    pub fn decodable(&self) -> Vec<Decodable> {
        let view = View::new(self, None);
        let renditions = view.video_and_audio();
        let media = renditions.map(|rendition| {
            let own = rendition.playlist.segments.iter().map(|s| s.map);
            let maps = own.map(|map| rendition.playlist.maps.get(map?).and_then(Map::part));
            let representation = std::iter::repeat_with(|| rendition.maps.first().cloned());
            let inits: Box<dyn Iterator<Item = Option<Part>>> = match rendition.representation {
                None => Box::new(maps),
                Some(_) => Box::new(representation),
            };
            let is_video = rendition.kind == MediaKind::Video;
            let present = rendition.segments.iter().zip(inits);
            let present = present.filter(|(s, _)| !s.gap && s.size.is_some());
            let segments = present.filter_map(|(segment, init)| {
                let idr = segment.facts.and_then(|f| f.starts_with_idr());
                Some(DecodableSegment {
                    number: segment.number,
                    init,
                    part: segment.part.clone()?,
                    is_independent: !is_video || idr == Some(true),
                    duration_ms: u64::try_from(segment.extinf / 1_000_000).unwrap_or(0),
                })
            });
            let encrypted = rendition
                .segments
                .iter()
                .any(|s| s.init.is_some_and(|i| i.encrypted) || s.encryption != Encryption::None);
            Decodable {
                rendition: rendition.path.clone(),
                has_video: is_video,
                segments: segments.collect(),
                refused: encrypted.then_some("the media is encrypted, and no key is given"),
            }
        });
        media.filter(|m| !m.segments.is_empty()).collect()
    }
}
