//! The manifest: the XML description of a job, and the parser that reports every defect with line and column.
//!
//! A manifest comes from outside and decides what is encoded and published, so the parser accepts only what it fully
//! understands, within fixed limits of size, depth and count. A person has to correct a rejected manifest, so it reports
//! all defects of a document at once, each with position, expectation and finding. [`parse`] works in five steps:
//!
//! 1. `guard` checks the bytes (size, UTF-8, no DOCTYPE, limits) before anything is built, then builds the tree. A defect
//!    here is the only one, because the rest cannot be read;
//! 2. `walk` compares the tree with the table of `fields`: unknown, missing and repeated elements;
//! 3. `value` converts each text to its type, without floating-point numbers;
//! 4. `rules` checks what must hold between values, such as one default track. It works on the values that were accepted,
//!    so that one rejected value hides no other defect;
//! 5. `build` makes the [`Manifest`], if no defect is an error.
//!
//! The table in `fields` is the only definition of the format. Tests compare the XSD and docs/manifest.md with it.
//!
//! ```
//! use reelsmith_core::manifest::parse;
//!
//! let parsed = parse(b"<TranscodeManifest/>");
//! assert!(parsed.manifest.is_none());
//! let defect = parsed.defects[0].to_string();
//! assert!(defect.starts_with("1:1: error: TranscodeManifest: expected the root element AnimeTranscodeManifest"));
//! ```

mod build;
mod defects;
mod fields;
mod guard;
mod rules;
#[cfg(test)]
mod tests;
mod value;
mod walk;

use std::fmt;

use roxmltree::Node;
use serde::{Deserialize, Serialize};
use strum::EnumString;

use crate::audio_track::{AudioRole, ChannelMap};
use crate::caption_service::CaptionService;
use crate::clip::Point;
use crate::encoder::EncoderKind;
use crate::tail::TailPolicy;
use crate::time::FrameRate;
use crate::units::{BitsPerSecond, Bytes, Resolution};

use defects::{Defects, quoted, shortened};
pub use fields::{Field, Kind, Occurs, ROOT};
pub use value::{cleaned, is_key};

/// The version of the format.
pub const VERSION: &str = "1.0";
/// Largest document in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// Parses a manifest: at most 1 MiB of UTF-8 without DOCTYPE.
///
/// The result has all defects; only XML that is not well-formed or exceeds a limit has a single one. The limits also bound
/// the time that parsing takes.
pub fn parse(xml: &[u8]) -> Parsed {
    let mut defects = match guard::text(xml) {
        Ok(text) => Defects::new(text),
        Err(defects) => return refused(defects),
    };
    let Some(document) = guard::tree(&mut defects) else {
        return refused(defects);
    };
    let root = document.root_element();
    let (None, true) = (root.tag_name().namespace(), root.has_tag_name(ROOT.name)) else {
        wrong_root(root, &mut defects);
        return refused(defects);
    };
    version(root, &mut defects);
    walk::attributes(root, ROOT.name, &["version"], &mut defects);
    let fields = match ROOT.kind {
        Kind::Group(fields) => fields,
        _ => &[],
    };
    let group = walk::group(root, fields, ROOT.name.to_owned(), &mut defects);
    rules::check(&group, &mut defects);
    let valid = !defects.any_error();
    Parsed {
        manifest: valid.then(|| build::manifest(&group)).flatten(),
        defects: defects.finish(),
    }
}

fn refused(defects: Defects<'_>) -> Parsed {
    Parsed {
        manifest: None,
        defects: defects.finish(),
    }
}

/// A different root means a different format, so its content is not checked.
fn wrong_root(root: Node<'_, '_>, defects: &mut Defects<'_>) {
    let name = shortened(root.tag_name().name());
    let found = match root.tag_name().namespace() {
        Some(namespace) => format!("{name} in the namespace {}", quoted(namespace)),
        None => name.clone(),
    };
    let expected = format!("the root element {} in no namespace", ROOT.name);
    defects.error(root.range().start, &name, expected, found);
}

fn version(root: Node<'_, '_>, defects: &mut Defects<'_>) {
    let path = format!("{}/@version", ROOT.name);
    let expected = format!("version=\"{VERSION}\"");
    match root.attribute_node("version") {
        Some(version) if version.value() == VERSION => {}
        Some(version) => {
            let at = version.range_value().start;
            defects.error(at, &path, expected, quoted(version.value()));
        }
        None => defects.error(root.range().start, &path, expected, "none"),
    }
}

/// A manifest. The documentation of a field names its element.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub manifest_id: String,
    pub episode: Episode,
    pub mezzanine: Mezzanine,
    /// Audio renditions, in order; empty if the output has no audio.
    pub audio_tracks: Vec<AudioTrack>,
    /// Caption files, in order; may be empty.
    pub subtitle_tracks: Vec<SubtitleTrack>,
    /// `Priority`: 0 to 10, higher goes first; 5 if not stated.
    pub priority: u8,
    /// `CallbackUrl`, as delivered.
    pub callback_url: Option<String>,
    pub settings: TranscodeSettings,
}

/// `Episode`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Episode {
    pub series_id: String,
    pub series_title: String,
    pub series_title_ja: Option<String>,
    pub season_number: u32,
    pub episode_number: u32,
    pub episode_title: String,
    pub episode_title_ja: Option<String>,
    /// `DurationSeconds` in milliseconds.
    pub duration_ms: Option<u64>,
    /// `ReleaseDate`, `YYYY-MM-DD`.
    pub release_date: Option<String>,
    /// `ContentRating`.
    pub rating: Option<String>,
    pub studio: Option<String>,
    /// `SeasonTag`, for example `FALL-2026`.
    pub season_tag: Option<String>,
    /// `Genres/Genre`.
    pub genres: Vec<String>,
    pub simulcast: Option<bool>,
    pub dubbed: Option<bool>,
}

/// `Mezzanine`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mezzanine {
    /// `FilePath`: a relative key in the input bucket.
    pub file_path: String,
    /// `ChecksumMD5`: 32 hexadecimal digits, lower case.
    pub checksum_md5: String,
    /// `ChecksumXXHash`: 16 digits (xxHash64 or XXH3-64) or 32 (XXH3-128), lower case.
    pub checksum_xxhash: Option<String>,
    pub file_size: Bytes,
    /// `DurationSeconds` in milliseconds.
    pub duration_ms: Option<u64>,
    /// `VideoCodec`, as delivered.
    pub video_codec: Option<String>,
    /// `AudioCodec`, as delivered.
    pub audio_codec: Option<String>,
    /// `ResolutionWidth` and `ResolutionHeight`; both or neither.
    pub resolution: Option<Resolution>,
    /// `FrameRate`. Decimals of NTSC rates, such as 23.976, are their exact fraction.
    pub frame_rate: Option<FrameRate>,
    /// `BitrateKbps`.
    pub bitrate: Option<BitsPerSecond>,
    /// `ColorSpace`, as delivered.
    pub color_space: Option<String>,
    pub bit_depth: Option<u8>,
    /// `VideoTrackIndex`: position among the mezzanine's video streams without cover art, from 0; by default the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video_track_index: Option<u32>,
    /// `InPoint`: the first frame that is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_point: Option<Point>,
    /// `OutPoint`: the first frame that is not published any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_point: Option<Point>,
}

/// `AudioTracks/AudioTrack`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioTrack {
    /// `Language`: a BCP 47 tag.
    pub language: String,
    /// `Label`: the name that a player shows; by default derived from the language.
    pub label: String,
    /// `IsDefault`: true for exactly one track, the first if the manifest states none.
    pub default: bool,
    /// `Channels`, as delivered.
    pub channels: Option<u32>,
    /// `TrackIndex`: position among the mezzanine's audio streams, from 0; by default the position of the track. With a
    /// channel map, the stream of its first channel.
    pub track_index: u32,
    /// `Role`, or [`AudioRole::Description`] if `IsDescriptive`.
    #[serde(default)]
    pub role: AudioRole,
    /// `ChannelMap`: the channels of the track, instead of a whole stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_map: Option<ChannelMap>,
    /// `SurroundChannelMap`: the channels of its surround mix, if the mezzanine has one apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surround_map: Option<ChannelMap>,
}

/// `SubtitleTracks/SubtitleTrack`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubtitleTrack {
    /// `Language`: a BCP 47 tag.
    pub language: String,
    /// `Label`: by default the language, with ` (forced)` or ` (SDH)` if it is.
    pub label: String,
    /// `FilePath`: a relative key in the input bucket.
    pub file_path: String,
    pub default: bool,
    pub forced: bool,
    /// `IsSDH`: captions for the deaf and hard of hearing.
    #[serde(default)]
    pub sdh: bool,
    pub format: CaptionFormat,
}

/// `ClosedCaption`: a service of closed captions that becomes a track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedCaption {
    pub service: CaptionService,
    /// A BCP 47 tag.
    pub language: String,
}

/// Format of a caption file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString)]
#[serde(rename_all = "lowercase")]
#[strum(ascii_case_insensitive)]
pub enum CaptionFormat {
    #[strum(serialize = "srt")]
    Srt,
    #[strum(serialize = "vtt", serialize = "webvtt")]
    Vtt,
    /// Advanced `SubStation` Alpha. Its text is used without its styling.
    #[strum(serialize = "ass", serialize = "ssa")]
    Ass,
    /// Timed Text Markup Language.
    #[strum(serialize = "ttml", serialize = "dfxp", serialize = "imsc")]
    Ttml,
}

/// `TranscodeSettings`: settings of this job that override the deployment's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranscodeSettings {
    pub enable_h265: Option<bool>,
    pub enable_dash: Option<bool>,
    pub enable_progressive: Option<bool>,
    #[serde(default)]
    pub enable_embedded_captions: Option<bool>,
    /// `ClosedCaptionLanguage` (of CC1) and `ClosedCaptions`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed_captions: Vec<ClosedCaption>,
    /// `StrictCaptions`: a malformed cue fails the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict_captions: Option<bool>,
    /// `TailPolicy`: what happens to audio after the last picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail_policy: Option<TailPolicy>,
    /// `MaxCorruptFrames`: most damaged pictures that the mezzanine may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_corrupt_frames: Option<u64>,
    /// `MaxBitrateCap` (kbit/s): limit of the peak bit rate of every rendition.
    pub max_bitrate_cap: Option<BitsPerSecond>,
    /// `Encoder`: `lambda` or `mediaconvert`.
    pub encoder: Option<EncoderKind>,
    /// `ForceReprocess`: encode again even if the job is complete.
    pub force_reprocess: bool,
}

impl TranscodeSettings {
    /// Whether the mezzanine's own subtitle streams also become captions.
    pub fn takes_embedded_captions(&self) -> bool {
        self.enable_embedded_captions != Some(false)
    }

    /// Whether a malformed caption cue fails the job instead of being left out with a warning.
    pub fn strict_captions(&self) -> bool {
        self.strict_captions == Some(true)
    }
}

/// One defect of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defect {
    pub severity: Severity,
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// Path of the element, for example `AnimeTranscodeManifest/Mezzanine/ChecksumMD5`.
    pub path: String,
    pub expected: String,
    /// Shortened and escaped.
    pub found: String,
}

/// Whether a defect stops the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Severity {
    /// The job cannot run as described.
    Error,
    Warning,
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: ", self.line, self.column, self.severity)?;
        let (path, expected, found) = (&self.path, &self.expected, &self.found);
        write!(f, "{path}: expected {expected}, found {found}")
    }
}

/// The result of parsing.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// Present if no defect is an error.
    pub manifest: Option<Manifest>,
    /// All defects, in document order.
    pub defects: Vec<Defect>,
}
