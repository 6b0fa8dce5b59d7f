//! The objects below an output prefix, and what must still be read to judge them.

use std::collections::{BTreeMap, BTreeSet};

use reelsmith_isobmff::{Init, SegmentFacts, TrackDefaults};

use crate::dash::{self, Mpd};
use crate::hls::{self, Map, Playlist, Uri};
use crate::path::Part;
use crate::ts::{self, TsFacts};

/// Name of the multivariant playlist.
pub const MULTIVARIANT: &str = reelsmith_core::keys::MULTIVARIANT;
/// Name of the MPD.
pub const MPD: &str = reelsmith_core::keys::MPD;

/// An object of the listing. A header is `None` if it is absent or unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// Path below the output prefix.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    pub content_type: Option<String>,
    pub cache_control: Option<String>,
    pub content_encoding: Option<String>,
    /// SHA-256 in lower-case hexadecimal, if it is known.
    pub sha256: Option<String>,
    /// When it was last written, in milliseconds since 1970.
    pub modified_ms: Option<i64>,
}

/// A text that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    Playlist(Box<Playlist>),
    Mpd(Box<Mpd>),
    /// Captions or another text, unparsed.
    Other(Vec<u8>),
}

/// What must be read next: objects that exist and are referenced, but were not read yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Playlists, MPDs and captions: whole, decompressed according to `Content-Encoding`.
    pub texts: Vec<String>,
    /// Init segments.
    pub inits: Vec<Part>,
    /// Media segments, each with its init segment, whose defaults the scan needs.
    pub segments: Vec<(Part, Part)>,
    /// Segments of MPEG-TS.
    pub streams: Vec<Part>,
}

impl Wanted {
    /// Whether everything was read.
    pub fn is_empty(&self) -> bool {
        let texts = self.texts.is_empty() && self.inits.is_empty();
        texts && self.segments.is_empty() && self.streams.is_empty()
    }
}

/// Everything known about one output.
///
/// It is built in rounds: start with the listing, then add what [`Delivery::wanted`] asks for until that is empty. Each
/// map holds the result of reading an object, or the reason why it could not be read.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// The listing, by path.
    pub objects: BTreeMap<String, Object>,
    pub texts: BTreeMap<String, Result<Text, String>>,
    pub inits: BTreeMap<Part, Result<Init, String>>,
    pub segments: BTreeMap<Part, Result<SegmentFacts, String>>,
    pub streams: BTreeMap<Part, Result<TsFacts, String>>,
}

impl Delivery {
    /// A delivery with a listing, of which nothing was read yet.
    pub fn new(objects: impl IntoIterator<Item = Object>) -> Self {
        Self {
            objects: objects.into_iter().map(|o| (o.path.clone(), o)).collect(),
            ..Self::default()
        }
    }

    /// Adds a text and parses it according to the extension of its path.
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

    /// Records why a text could not be read.
    pub fn add_unread_text(&mut self, path: &str, reason: &str) {
        self.texts.insert(path.to_owned(), Err(reason.to_owned()));
    }

    /// Adds the bytes of an init segment, or the reason why it could not be read.
    pub fn add_init(&mut self, part: &Part, bytes: Result<&[u8], String>) {
        let init = bytes.and_then(|b| Init::read(b).map_err(|fault| fault.to_string()));
        self.inits.insert(part.clone(), init);
    }

    /// Adds the result of a [`reelsmith_isobmff::SegmentScan`], or the reason why the segment could not be read.
    pub fn add_segment(&mut self, part: &Part, facts: Result<SegmentFacts, String>) {
        self.segments.insert(part.clone(), facts);
    }

    /// Adds the bytes of a segment of MPEG-TS, or the reason why it could not be read.
    pub fn add_stream(&mut self, part: &Part, bytes: Result<&[u8], String>) {
        self.streams.insert(part.clone(), bytes.map(ts::read));
    }

    /// The defaults for scans of segments with this init segment; `None` if it could not be read.
    pub fn defaults_of(&self, init: &Part) -> Option<TrackDefaults> {
        Some(self.init(init)?.defaults)
    }

    /// The facts of a segment of MPEG-TS that was read.
    pub fn stream(&self, part: &Part) -> Option<&TsFacts> {
        self.streams.get(part)?.as_ref().ok()
    }

    /// An init segment that was read.
    pub fn init(&self, part: &Part) -> Option<&Init> {
        self.inits.get(part)?.as_ref().ok()
    }

    /// A segment that was measured without a fault. Rules do not use the facts of a broken one.
    pub fn segment(&self, part: &Part) -> Option<&SegmentFacts> {
        let facts = self.segments.get(part)?.as_ref().ok();
        facts.filter(|f| f.faults.is_empty())
    }

    fn playlist(&self, path: &str) -> Option<&Playlist> {
        match self.texts.get(path)? {
            Ok(Text::Playlist(playlist)) => Some(playlist),
            _ => None,
        }
    }

    /// Every playlist with its path.
    pub fn playlists(&self) -> impl Iterator<Item = (&str, &Playlist)> {
        let paths = self.texts.keys().map(String::as_str);
        paths.filter_map(|path| Some((path, self.playlist(path)?)))
    }

    /// The multivariant playlist, if it was read.
    pub fn multivariant(&self) -> Option<&Playlist> {
        self.playlist(MULTIVARIANT)
    }

    /// The MPD, if it was read.
    pub fn mpd(&self) -> Option<&Mpd> {
        match self.texts.get(MPD)? {
            Ok(Text::Mpd(mpd)) => Some(mpd),
            _ => None,
        }
    }

    /// Size of a part in bytes: of its range, else of the object. `None` if the object does not exist or is empty.
    pub fn size_of(&self, part: &Part) -> Option<u64> {
        let object = self.objects.get(&part.path).filter(|o| o.size > 0)?;
        Some(part.range.map_or(object.size, |(_, length)| length))
    }

    /// Every path that the playlists and the MPD reference.
    pub fn referenced(&self) -> BTreeSet<String> {
        let references = References::of(self);
        let segments = references.segments.into_keys();
        let parts = references.inits.into_iter().chain(references.streams);
        let paths = parts.chain(segments).map(|p| p.path);
        paths
            .chain(references.texts)
            .chain(references.images)
            .collect()
    }

    /// What must be read next.
    pub fn wanted(&self) -> Wanted {
        let References {
            mut texts,
            mut inits,
            segments,
            mut streams,
            ..
        } = References::of(self);
        let exists = |path: &str| self.objects.contains_key(path);
        texts.retain(|path| exists(path) && !self.texts.contains_key(path));
        inits.retain(|p| exists(&p.path) && !self.inits.contains_key(p));
        streams.retain(|p| exists(&p.path) && !self.streams.contains_key(p));
        let mapped = segments
            .into_iter()
            .filter_map(|(part, init)| Some((part, init?)));
        let unread = mapped.filter(|(part, init)| {
            let readable = self.init(init).is_some() || inits.contains(init);
            readable && exists(&part.path) && !self.segments.contains_key(part)
        });
        Wanted {
            segments: unread.collect(),
            texts: texts.into_iter().collect(),
            inits: inits.into_iter().collect(),
            streams: streams.into_iter().collect(),
        }
    }
}

/// The references of all documents that were read so far.
#[derive(Default)]
struct References {
    texts: BTreeSet<String>,
    inits: BTreeSet<Part>,
    /// Segments with their init segments. One without an init segment cannot be measured.
    segments: BTreeMap<Part, Option<Part>>,
    /// Segments of MPEG-TS.
    streams: BTreeSet<Part>,
    /// Pictures. Their sizes are compared; their content is not read.
    images: BTreeSet<String>,
}

impl References {
    fn of(delivery: &Delivery) -> Self {
        let mut references = Self::default();
        let known = [MULTIVARIANT, MPD, reelsmith_core::keys::THUMBNAILS];
        references.texts.extend(known.map(str::to_owned));
        let multivariant = delivery.multivariant().into_iter();
        let i_frames = multivariant.flat_map(|m| &m.i_frame_variants);
        let i_frames: BTreeSet<&str> = i_frames.filter_map(hls::Variant::path).collect();
        for (path, playlist) in delivery.playlists() {
            let i_frames = playlist.i_frames_only.is_some() || i_frames.contains(path);
            references.add_playlist(playlist, i_frames);
        }
        if let Some(mpd) = delivery.mpd() {
            references.add_mpd(mpd);
        }
        references
    }

    fn add_playlist(&mut self, playlist: &Playlist, i_frames: bool) {
        let path = |uri: &Uri| uri.path.clone();
        self.texts.extend(playlist.references().filter_map(path));
        let maps: Vec<Option<Part>> = playlist.maps.iter().map(Map::part).collect();
        self.inits.extend(maps.iter().flatten().cloned());
        for segment in &playlist.segments {
            let Some(part) = segment.part() else {
                continue;
            };
            let init = segment.map.and_then(|m| maps.get(m).cloned().flatten());
            if is_text(&part.path) {
                self.texts.insert(part.path);
            } else if i_frames {
                // An entry of an I-frame playlist is a part of a segment that is measured whole.
                self.segments.entry(part).or_default();
            } else if init.is_none() && part.path.ends_with(".ts") {
                self.streams.insert(part);
            } else {
                self.add_segment(part, init);
            }
        }
    }

    fn add_mpd(&mut self, mpd: &Mpd) {
        for (_, representation) in mpd.representations() {
            self.inits.extend(representation.init.clone());
            for segment in &representation.segments {
                let path = &segment.path;
                if is_text(path) {
                    self.texts.insert(path.clone());
                } else if is_image(path) {
                    self.images.insert(path.clone());
                } else {
                    self.add_segment(Part::whole(path), representation.init.clone());
                }
            }
        }
    }

    fn add_segment(&mut self, part: Part, init: Option<Part>) {
        let entry = self.segments.entry(part).or_default();
        *entry = entry.take().or(init);
    }
}

fn is_image(path: &str) -> bool {
    let extensions = [".jpg", ".jpeg", ".png", ".webp"];
    extensions.iter().any(|e| path.ends_with(e))
}

fn is_text(path: &str) -> bool {
    let extensions = [".vtt", ".webvtt", ".ttml", ".m3u8", ".mpd"];
    extensions.iter().any(|e| path.ends_with(e))
}
