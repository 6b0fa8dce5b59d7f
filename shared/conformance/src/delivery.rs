//! What was found below an output prefix, and what must still be read to judge it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use reelsmith_core::record::ByteRange;

use crate::dash::{self, Mpd};
use crate::hls::{self, Playlist};
use crate::ts::{self, TsFacts};
use reelsmith_isobmff::{Init, SegmentFacts, TrackDefaults};

/// One object of the listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// Path below the output prefix.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// `Content-Type`; `None` where it was not learnt.
    pub content_type: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// SHA-256 in lower-case hexadecimal, where the store keeps it.
    pub sha256: Option<String>,
    /// When it was last written, in milliseconds since 1970.
    pub modified_ms: Option<i64>,
}

/// An object or a part of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// Path below the output prefix.
    pub path: String,
    /// Offset and length; `None` for the whole object.
    pub range: Option<(u64, u64)>,
}

impl Part {
    /// A whole object.
    #[must_use]
    pub fn whole(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            range: None,
        }
    }

    /// The range, where it is a part.
    #[must_use]
    pub fn byte_range(&self) -> Option<ByteRange> {
        self.range
            .map(|(offset, length)| ByteRange { offset, length })
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.range {
            Some((offset, length)) => write!(f, "{}[{length}@{offset}]", self.path),
            None => f.write_str(&self.path),
        }
    }
}

/// A text that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// A playlist.
    Playlist(Box<Playlist>),
    /// An MPD.
    Mpd(Box<Mpd>),
    /// Captions, or anything else, as it is.
    Other(Vec<u8>),
}

/// What must be read. Empty once everything that is referenced, and is there, was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Playlists, MPDs and captions: whole, gunzipped where their encoding says so.
    pub texts: Vec<String>,
    /// Init segments: whole.
    pub inits: Vec<Part>,
    /// Media segments, each with the init segment whose defaults its scan needs.
    pub segments: Vec<(Part, Part)>,
    /// Segments of MPEG-TS: whole.
    pub streams: Vec<Part>,
}

impl Wanted {
    /// Whether nothing is to be read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let texts = self.texts.is_empty() && self.inits.is_empty();
        texts && self.segments.is_empty() && self.streams.is_empty()
    }
}

/// Everything found of one output.
///
/// Built in rounds: the listing, then whatever [`Delivery::wanted`] asks for, until that is nothing.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// The listing, by path.
    pub objects: BTreeMap<String, Object>,
    /// Texts, or why they could not be read.
    pub texts: BTreeMap<String, Result<Text, String>>,
    /// Init segments, or why they could not be measured.
    pub inits: BTreeMap<Part, Result<Init, String>>,
    /// Media segments, or why they could not be measured.
    pub segments: BTreeMap<Part, Result<SegmentFacts, String>>,
    /// Segments of MPEG-TS, or why they could not be read.
    pub streams: BTreeMap<Part, Result<TsFacts, String>>,
}

/// Name of the multivariant playlist.
pub const MULTIVARIANT: &str = reelsmith_core::keys::MULTIVARIANT;
/// Name of the MPD.
pub const MPD: &str = reelsmith_core::keys::MPD;

impl Delivery {
    /// A delivery of which only the listing is known.
    #[must_use]
    pub fn new(objects: impl IntoIterator<Item = Object>) -> Self {
        Self {
            objects: objects.into_iter().map(|o| (o.path.clone(), o)).collect(),
            ..Self::default()
        }
    }

    /// Takes a playlist, an MPD or captions; what it is follows from its path.
    pub fn add_text(&mut self, path: &str, bytes: &[u8]) {
        let text = if path.ends_with(".m3u8") {
            Text::Playlist(Box::new(hls::parse(path, bytes)))
        } else if path.ends_with(".mpd") {
            Text::Mpd(Box::new(dash::parse(path, bytes)))
        } else {
            Text::Other(bytes.to_vec())
        };
        self.texts.insert(path.to_owned(), Ok(text));
    }

    /// Notes that a text could not be read.
    pub fn add_unread_text(&mut self, path: &str, reason: &str) {
        self.texts.insert(path.to_owned(), Err(reason.to_owned()));
    }

    /// Takes the bytes of an init segment, or why they could not be read.
    pub fn add_init(&mut self, part: &Part, bytes: Result<&[u8], String>) {
        let init = bytes.and_then(|b| Init::read(b).map_err(|fault| fault.to_string()));
        self.inits.insert(part.clone(), init);
    }

    /// Takes what a [`reelsmith_isobmff::SegmentScan`] found, or why a segment could not be read.
    pub fn add_segment(&mut self, part: &Part, facts: Result<SegmentFacts, String>) {
        self.segments.insert(part.clone(), facts);
    }

    /// Takes the bytes of a segment of MPEG-TS, or why they could not be read.
    pub fn add_stream(&mut self, part: &Part, bytes: Result<&[u8], String>) {
        self.streams.insert(part.clone(), bytes.map(ts::read));
    }

    /// A segment of MPEG-TS that was read.
    #[must_use]
    pub fn stream(&self, part: &Part) -> Option<&TsFacts> {
        self.streams.get(part)?.as_ref().ok()
    }

    /// The defaults that scans of segments of this init segment need; `None` where it could not be read.
    #[must_use]
    pub fn defaults_of(&self, init: &Part) -> Option<TrackDefaults> {
        Some(self.init(init)?.defaults)
    }

    /// An init segment that was read.
    #[must_use]
    pub fn init(&self, part: &Part) -> Option<&Init> {
        self.inits.get(part)?.as_ref().ok()
    }

    /// A segment that was measured without a fault: facts of a broken one would only repeat that it is broken.
    #[must_use]
    pub fn segment(&self, part: &Part) -> Option<&SegmentFacts> {
        let facts = self.segments.get(part)?.as_ref().ok();
        facts.filter(|f| f.faults.is_empty())
    }

    /// A playlist that was read.
    #[must_use]
    pub fn playlist(&self, path: &str) -> Option<&Playlist> {
        match self.texts.get(path)? {
            Ok(Text::Playlist(playlist)) => Some(playlist),
            _ => None,
        }
    }

    /// Every playlist with its path.
    pub fn playlists(&self) -> impl Iterator<Item = (&str, &Playlist)> {
        let texts = self.texts.iter();
        texts.filter_map(|(path, text)| match text {
            Ok(Text::Playlist(playlist)) => Some((path.as_str(), &**playlist)),
            _ => None,
        })
    }

    /// The multivariant playlist.
    #[must_use]
    pub fn multivariant(&self) -> Option<&Playlist> {
        self.playlist(MULTIVARIANT)
    }

    /// The MPD.
    #[must_use]
    pub fn mpd(&self) -> Option<&Mpd> {
        match self.texts.get(MPD)? {
            Ok(Text::Mpd(mpd)) => Some(mpd),
            _ => None,
        }
    }

    /// Size of a part: of its range, else of the object; `None` where there is no object or it is empty.
    #[must_use]
    pub fn size_of(&self, part: &Part) -> Option<u64> {
        let object = self.objects.get(&part.path).filter(|o| o.size > 0)?;
        Some(part.range.map_or(object.size, |(_, length)| length))
    }

    /// Every path that the playlists and the MPD reference.
    #[must_use]
    pub fn referenced(&self) -> BTreeSet<String> {
        let refs = References::of(self);
        let parts = refs.inits.into_iter().chain(refs.streams).map(|p| p.path);
        let segments = refs.segments.into_keys().map(|p| p.path);
        let others = refs.texts.into_iter().chain(refs.images);
        parts.chain(segments).chain(others).collect()
    }

    /// What must be read next.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        let refs = References::of(self);
        let exists = |path: &str| self.objects.contains_key(path);
        let texts = refs.texts.into_iter();
        let inits = refs.inits.into_iter();
        let inits: Vec<Part> = inits
            .filter(|p| exists(&p.path) && !self.inits.contains_key(p))
            .collect();
        let segments = refs.segments.into_iter();
        let streams = refs.streams.into_iter();
        Wanted {
            streams: streams
                .filter(|p| exists(&p.path) && !self.streams.contains_key(p))
                .collect(),
            texts: texts
                .filter(|p| exists(p) && !self.texts.contains_key(p))
                .collect(),
            segments: segments
                .filter_map(|(part, init)| Some((part, init?)))
                .filter(|(p, init)| {
                    exists(&p.path)
                        && !self.segments.contains_key(p)
                        && (self.init(init).is_some() || inits.contains(init))
                })
                .collect(),
            inits,
        }
    }
}

/// References of all documents that were read so far.
#[derive(Default)]
struct References {
    texts: BTreeSet<String>,
    inits: BTreeSet<Part>,
    /// Segments, with their init segments where they have one.
    segments: BTreeMap<Part, Option<Part>>,
    /// Segments of MPEG-TS.
    streams: BTreeSet<Part>,
    /// Pictures: they are there or not, and as large as recorded; they are not measured.
    images: BTreeSet<String>,
}

impl References {
    fn of(delivery: &Delivery) -> Self {
        let mut refs = Self::default();
        let known = [MULTIVARIANT, MPD, reelsmith_core::keys::THUMBNAILS];
        refs.texts.extend(known.map(str::to_owned));
        let tagged = delivery.multivariant().into_iter();
        let tagged = tagged.flat_map(|m| &m.i_frame_variants);
        let tagged: BTreeSet<&str> = tagged
            .filter_map(|v| v.uri.as_ref()?.path.as_deref())
            .collect();
        for (path, playlist) in delivery.playlists() {
            let i_frames = playlist.i_frames_only.is_some() || tagged.contains(path);
            refs.add_playlist(playlist, i_frames);
        }
        if let Some(mpd) = delivery.mpd() {
            refs.add_mpd(mpd);
        }
        refs
    }

    fn add_playlist(&mut self, playlist: &Playlist, i_frames: bool) {
        let variants = playlist.variants.iter().chain(&playlist.i_frame_variants);
        let uris = variants.map(|v| &v.uri);
        let uris = uris.chain(playlist.media.iter().map(|m| &m.uri)).flatten();
        self.texts.extend(uris.filter_map(|u| u.path.clone()));
        let maps: Vec<Option<Part>> = playlist.maps.iter().map(map_part).collect();
        self.inits.extend(maps.iter().flatten().cloned());
        for segment in &playlist.segments {
            let Some(path) = segment.uri.path.clone() else {
                continue;
            };
            if is_text(&path) {
                self.texts.insert(path);
                continue;
            }
            let init = segment.map.and_then(|m| maps.get(m).cloned().flatten());
            // A picture of an I-frame playlist is a part of a segment that is measured whole.
            let init = init.filter(|_| !i_frames);
            let range = segment.range;
            if init.is_none() && !i_frames && path.ends_with(".ts") {
                self.streams.insert(Part { path, range });
                continue;
            }
            let entry = self.segments.entry(Part { path, range }).or_default();
            *entry = entry.take().or(init);
        }
    }

    fn add_mpd(&mut self, mpd: &Mpd) {
        for (_, representation) in mpd.representations() {
            let init = representation.init.clone();
            let init = init.map(|(path, range)| Part { path, range });
            self.inits.extend(init.clone());
            for segment in &representation.segments {
                if is_text(&segment.path) {
                    self.texts.insert(segment.path.clone());
                } else if is_image(&segment.path) {
                    self.images.insert(segment.path.clone());
                } else {
                    let entry = self.segments.entry(Part::whole(&segment.path)).or_default();
                    *entry = entry.take().or(init.clone());
                }
            }
        }
    }
}

fn is_image(path: &str) -> bool {
    [".jpg", ".jpeg", ".png", ".webp"]
        .iter()
        .any(|e| path.ends_with(e))
}

fn is_text(path: &str) -> bool {
    [".vtt", ".webvtt", ".ttml", ".m3u8", ".mpd"]
        .iter()
        .any(|e| path.ends_with(e))
}

/// The part that an `EXT-X-MAP` names.
pub(crate) fn map_part(map: &hls::Map) -> Option<Part> {
    Some(Part {
        path: map.uri.path.clone()?,
        range: map.range,
    })
}
