//! The objects below an output prefix, and what must still be read to judge them.

use std::collections::{BTreeMap, BTreeSet};

use reelsmith_isobmff::{Init, SegmentFacts, TrackDefaults};

use crate::dash::{self, Index, IndexEntry, Mpd, MpdSegment, Representation};
use crate::decoded::Decoded;
use crate::hls::{self, Encryption, Map, Playlist, Uri, Variables};
use crate::path::Part;
use crate::ts::{self, ElementaryFacts, TsFacts};

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
    /// Segment indexes (`sidx`): whole, if they have at most [`MAX_INDEX`] bytes.
    pub indexes: Vec<Part>,
}

/// Greatest segment index that is read, in bytes: ten times a day of two-second segments.
pub const MAX_INDEX: u64 = 8 << 20;
/// Levels of segment indexes that reference each other.
const MAX_LEVELS: usize = 8;
/// Most subsegments of one representation.
const MAX_SUBSEGMENTS: usize = 100_000;

impl Wanted {
    /// Whether everything was read.
    pub fn is_empty(&self) -> bool {
        let texts = self.texts.is_empty() && self.inits.is_empty() && self.indexes.is_empty();
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
    /// The SHA-256 that lists beside the package state, in lower-case hexadecimal, by path.
    pub checksums: BTreeMap<String, String>,
    pub indexes: BTreeMap<Part, Result<Index, String>>,
    /// What decoding found, by rendition, or why a rendition was not decoded.
    pub decoded: BTreeMap<String, Result<Decoded, String>>,
}

impl Delivery {
    /// A delivery with a listing, of which nothing was read yet.
    pub fn new(objects: impl IntoIterator<Item = Object>) -> Self {
        Self {
            objects: objects.into_iter().map(|o| (o.path.clone(), o)).collect(),
            ..Self::default()
        }
    }

    /// Adds a text and parses it according to its first line or the extension of its path.
    pub fn add_text(&mut self, path: &str, bytes: &[u8]) {
        let is_playlist = bytes.starts_with(b"#EXTM3U") || path.ends_with(".m3u8");
        let text = if is_playlist {
            let imports = self.variables(path);
            Text::Playlist(Box::new(hls::parse_with(path, bytes, imports)))
        } else if path.ends_with(".mpd") {
            let exists = |path: &str| self.objects.contains_key(path);
            Text::Mpd(Box::new(dash::parse_with(path, bytes, &exists)))
        } else {
            Text::Other(bytes.to_vec())
        };
        self.texts.insert(path.to_owned(), Ok(text));
    }

    /// The variables that the playlist at `path` may import.
    fn variables(&self, path: &str) -> Option<&Variables> {
        let multivariant = self.multivariant().filter(|m| m.is_multivariant)?;
        (path != MULTIVARIANT).then_some(&multivariant.variables)
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

    /// Adds the bytes of a segment index, or the reason why it could not be read. When all indexes of a representation
    /// are known, their entries replace its only segment.
    pub fn add_index(&mut self, part: &Part, bytes: Result<&[u8], String>) {
        let offset = part.range.map_or(0, |(offset, _)| offset);
        let index = bytes.and_then(|b| Index::read(b, offset));
        self.indexes.insert(part.clone(), index);
        let Some(Ok(Text::Mpd(mpd))) = self.texts.get_mut(MPD) else {
            return;
        };
        for period in &mut mpd.periods {
            let representations = period.sets.iter_mut().flat_map(|s| &mut s.representations);
            for representation in representations.filter(|r| !r.is_indexed) {
                let Some(first) = representation.index.clone() else {
                    continue;
                };
                let entries = Entries::of(&self.indexes, &first);
                if entries.unread.is_empty() && !entries.found.is_empty() {
                    index_segments(representation, &first.path, &entries);
                }
            }
        }
    }

    /// The defaults for scans of segments with this init segment; `None` if it could not be read.
    pub fn defaults_of(&self, init: &Part) -> Option<TrackDefaults> {
        Some(self.init(init)?.defaults.clone())
    }

    /// The facts of a segment of MPEG-TS that was read.
    pub fn stream(&self, part: &Part) -> Option<&TsFacts> {
        self.streams.get(part)?.as_ref().ok()
    }

    /// The elementary stream by which a segment of MPEG-TS without a fault is judged.
    pub(crate) fn elementary(&self, part: &Part) -> Option<&ElementaryFacts> {
        self.stream(part)?.primary()
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

    /// A segment index that was read.
    pub fn index(&self, part: &Part) -> Option<&Index> {
        self.indexes.get(part)?.as_ref().ok()
    }

    /// Every measured part of an object, with its offset in the object.
    pub fn measured_parts(&self, path: &str) -> impl Iterator<Item = (u64, &SegmentFacts)> {
        let parts = self.segments.range(Part::whole(path)..);
        let parts = parts.take_while(move |(part, _)| part.path == path);
        parts.filter_map(|(part, _)| {
            let offset = part.range.map_or(0, |(offset, _)| offset);
            Some((offset, self.segment(part)?))
        })
    }

    /// Every playlist with its path.
    pub fn playlists(&self) -> impl Iterator<Item = (&str, &Playlist)> {
        let paths = self.texts.keys().map(String::as_str);
        paths.filter_map(|path| Some((path, self.playlist(path)?)))
    }

    /// The multivariant playlist, if it was read. A media playlist under its name is none.
    pub fn multivariant(&self) -> Option<&Playlist> {
        let is_media = |p: &Playlist| !p.is_multivariant && !p.segments.is_empty();
        self.playlist(MULTIVARIANT).filter(|p| !is_media(p))
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
        let parts = parts.chain(references.indexes);
        let paths = parts.chain(segments).map(|p| p.path);
        paths
            .chain(references.texts)
            .chain(references.images)
            .chain(references.encrypted)
            .collect()
    }

    /// What must be read next.
    pub fn wanted(&self) -> Wanted {
        let References {
            mut texts,
            mut inits,
            segments,
            mut streams,
            mut indexes,
            ..
        } = References::of(self);
        let exists = |path: &str| self.objects.contains_key(path);
        texts.retain(|path| exists(path) && !self.texts.contains_key(path));
        inits.retain(|p| exists(&p.path) && !self.inits.contains_key(p));
        streams.retain(|p| exists(&p.path) && !self.streams.contains_key(p));
        indexes.retain(|p| exists(&p.path) && !self.indexes.contains_key(p));
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
            indexes: indexes.into_iter().collect(),
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
    /// Segment indexes.
    indexes: BTreeSet<Part>,
    /// Pictures. Their sizes are compared; their content is not read.
    images: BTreeSet<String>,
    /// Segments and init segments that are encrypted as a whole, which cannot be measured.
    encrypted: BTreeSet<String>,
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
            references.add_mpd(delivery, mpd);
        }
        references
    }

    fn add_playlist(&mut self, playlist: &Playlist, i_frames: bool) {
        let path = |uri: &Uri| uri.path.clone();
        self.texts.extend(playlist.references().filter_map(path));
        let maps: Vec<Option<Part>> = playlist.maps.iter().map(Map::part).collect();
        for (map, part) in playlist.maps.iter().zip(&maps) {
            let Some(part) = part else { continue };
            match map.encryption {
                Encryption::Whole => drop(self.encrypted.insert(part.path.clone())),
                _ => drop(self.inits.insert(part.clone())),
            }
        }
        for segment in playlist.segments.iter().filter(|s| !s.gap) {
            let Some(part) = segment.part() else {
                continue;
            };
            if segment.encryption == Encryption::Whole {
                self.encrypted.insert(part.path);
                continue;
            }
            let init = segment.map.and_then(|m| maps.get(m).cloned().flatten());
            if is_text(&part.path) {
                self.texts.insert(part.path);
            } else if i_frames && part.range.is_some() {
                // An entry of an I-frame playlist is a part of a segment that is measured whole.
                self.segments.entry(part).or_default();
            } else if init.is_none() && is_stream(&part.path) {
                self.streams.insert(part);
            } else {
                self.add_segment(part, init);
            }
        }
    }

    fn add_mpd(&mut self, delivery: &Delivery, mpd: &Mpd) {
        for (set, representation) in mpd.representations() {
            let mime = set
                .attribute(representation, "mimeType")
                .unwrap_or_default();
            if !is_measurable(mime) {
                let init = representation.init.iter().map(|i| &i.path);
                let paths = init.chain(representation.segments.iter().map(|s| &s.path));
                self.images.extend(paths.cloned());
                continue;
            }
            self.inits.extend(representation.init.clone());
            if let Some(first) = representation
                .index
                .as_ref()
                .filter(|_| !representation.is_indexed)
            {
                self.indexes.insert(first.clone());
                let entries = Entries::of(&delivery.indexes, first);
                self.indexes.extend(entries.unread.iter().cloned());
                if !entries.unread.is_empty() {
                    continue;
                }
            }
            for segment in &representation.segments {
                let path = &segment.path;
                if is_text(path) {
                    self.texts.insert(path.clone());
                } else if is_image(path) {
                    self.images.insert(path.clone());
                } else {
                    self.add_segment(segment.part(), representation.init.clone());
                }
            }
        }
    }

    fn add_segment(&mut self, part: Part, init: Option<Part>) {
        let entry = self.segments.entry(part).or_default();
        *entry = entry.take().or(init);
    }
}

/// The media that a tree of segment indexes references.
struct Entries {
    found: Vec<IndexEntry>,
    /// Ticks per second, and the earliest presentation time.
    start: (u32, u64),
    /// Indexes that must still be read.
    unread: Vec<Part>,
}

impl Entries {
    fn of(indexes: &BTreeMap<Part, Result<Index, String>>, first: &Part) -> Self {
        let mut entries = Self {
            found: Vec::new(),
            start: (1, 0),
            unread: Vec::new(),
        };
        if let Some(Ok(index)) = indexes.get(first) {
            entries.start = (index.timescale.max(1), index.earliest);
        }
        entries.collect(indexes, first, 0);
        entries
    }

    fn collect(
        &mut self,
        indexes: &BTreeMap<Part, Result<Index, String>>,
        part: &Part,
        level: usize,
    ) {
        let Some(index) = indexes.get(part) else {
            return self.unread.push(part.clone());
        };
        for entry in index.iter().flat_map(|i| &i.entries) {
            if self.found.len() + self.unread.len() >= MAX_SUBSEGMENTS {
                return;
            }
            if !entry.is_index {
                self.found.push(*entry);
            } else if level < MAX_LEVELS {
                let child = Part {
                    path: part.path.clone(),
                    range: Some((entry.offset, entry.size)),
                };
                self.collect(indexes, &child, level + 1);
            }
        }
    }
}

/// Replaces the only segment of a representation, a file, by the entries of its indexes.
fn index_segments(representation: &mut Representation, path: &str, entries: &Entries) {
    let (timescale, earliest) = entries.start;
    let line = representation.element.line;
    let offset = u128::from(representation.offset) * u128::from(timescale);
    let offset = offset / u128::from(representation.timescale.max(1));
    representation.offset = u64::try_from(offset).unwrap_or(u64::MAX);
    representation.timescale = u64::from(timescale);
    representation.is_indexed = true;
    let mut time = earliest;
    let segments = entries.found.iter().map(|entry| {
        let segment = MpdSegment {
            line,
            path: path.to_owned(),
            range: Some((entry.offset, entry.size)),
            time: Some(time),
            duration: Some(entry.duration),
            ..MpdSegment::default()
        };
        time = time.saturating_add(entry.duration);
        segment
    });
    representation.segments = segments.collect();
}

/// Whether media of a MIME type are ISO BMFF or text. Others exist or not, and are not read.
fn is_measurable(mime: &str) -> bool {
    !["/webm", "/x-matroska", "/mp2t"]
        .iter()
        .any(|e| mime.ends_with(e))
}

fn is_image(path: &str) -> bool {
    let extensions = [".jpg", ".jpeg", ".png", ".webp"];
    extensions.iter().any(|e| path.ends_with(e))
}

/// Whether a segment without an init segment is one of MPEG-TS or of packed audio (RFC 8216, 3.2 and 3.4).
fn is_stream(path: &str) -> bool {
    let extensions = [".ts", ".m2ts", ".aac", ".ac3", ".ec3"];
    extensions.iter().any(|e| path.ends_with(e))
}

fn is_text(path: &str) -> bool {
    let extensions = [".vtt", ".webvtt", ".ttml", ".dfxp", ".xml", ".m3u8", ".mpd"];
    extensions.iter().any(|e| path.ends_with(e))
}
