//! HLS playlists (RFC 8216): a strict parser, and the model that it builds.
//!
//! # The problem
//! Parsers for players are lenient: they have to play something. `m3u8-rs` reads a malformed duration as 0 and drops a
//! variant without `BANDWIDTH`, so a check that relied on it would approve what another player rejects.
//!
//! # The idea
//! [`parse`] reads every line of a playlist of either kind into one [`Playlist`]. It never stops: each fault is
//! recorded with its line and with the rule that covers it (`HLS-G01` to `HLS-G06` and others), and reading continues
//! with the next line. The model keeps the line of every tag, so that rules can report where a violation is, and keeps
//! attributes as text, so that a rule can report what is written. URIs are resolved to paths below the output prefix; a
//! URI that leads elsewhere is a fault and has no path, so nothing is ever read from outside the output.
//!
//! # Invariants
//! - `EXTINF` is an integer number of nanoseconds; no float is used.
//! - Memory and time are bounded by the size of the text, the number of variants and the number of faults.
//! - If the strict parser finds no fault and `m3u8-rs` reads the playlist too, it must find the same number of variants
//!   or segments (`HLS-G01`).
//!
//! # Example
//! ```
//! let text = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4.0,\nseg_00001.m4s\n#EXTINF:x,\nseg_00002.m4s\n";
//! let playlist = reelsmith_conformance::hls::parse("video/playlist.m3u8", text.as_bytes());
//! assert_eq!(playlist.segments.len(), 2);
//! assert_eq!(playlist.segments[0].uri.path.as_deref(), Some("video/seg_00001.m4s"));
//! let fault = playlist.faults.iter().find(|f| f.line == 5).unwrap();
//! assert_eq!((fault.rule, &*fault.found), ("HLS-P03", "\"x\""));
//! ```

mod attributes;
mod date_time;
mod parser;
mod variables;

#[cfg(test)]
mod tests;

use crate::fault::TextFault;
use crate::path::Part;

pub use attributes::{Attribute, Attributes, characteristics};
pub use date_time::date_time_nanos;
pub use variables::Variables;

/// Nanoseconds of one second, the unit of `EXTINF` in the model.
pub const NANOS: i128 = 1_000_000_000;

/// The value of a tag and its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// Line from 1.
    pub line: u32,
    pub value: T,
}

/// A reference to another object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uri {
    /// Line from 1.
    pub line: u32,
    /// As written.
    pub text: String,
    /// Path below the output prefix; `None` if it leads elsewhere.
    pub path: Option<String>,
    /// Whether it is valid and leads out of the package, or depends on a value that the files do not contain. What it
    /// references is not judged.
    pub outside: bool,
}

/// How a media segment is encrypted, by `METHOD` of `EXT-X-KEY`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encryption {
    #[default]
    None,
    /// Samples are encrypted; boxes and headers are in the clear.
    Samples,
    /// The whole segment is encrypted, so nothing of it can be measured without the key.
    Whole,
}

impl Encryption {
    fn of(method: &str) -> Self {
        match method {
            "NONE" => Self::None,
            "AES-128" | "AES-256" | "AES-256-GCM" => Self::Whole,
            _ => Self::Samples,
        }
    }
}

/// A playlist of either kind, with its faults. Tags without a value are represented by their line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Playlist {
    /// Whether it has tags of a multivariant playlist.
    pub is_multivariant: bool,
    pub version: Option<At<u64>>,
    pub independent_segments: Option<u32>,
    /// `EXT-X-STREAM-INF` in order.
    pub variants: Vec<Variant>,
    /// `EXT-X-I-FRAME-STREAM-INF` in order.
    pub i_frame_variants: Vec<Variant>,
    /// `EXT-X-MEDIA` in order.
    pub media: Vec<MediaTag>,
    /// The first `EXT-X-TARGETDURATION`, in seconds.
    pub target_duration: Option<At<u64>>,
    pub media_sequence: Option<At<u64>>,
    pub playlist_type: Option<At<String>>,
    pub end_list: Option<u32>,
    pub i_frames_only: Option<u32>,
    /// `EXT-X-MAP` in order.
    pub maps: Vec<Map>,
    /// `EXT-X-KEY` and `EXT-X-SESSION-KEY` in order.
    pub keys: Vec<At<Attributes>>,
    pub segments: Vec<Segment>,
    /// Variables of `EXT-X-DEFINE`.
    pub variables: Variables,
    /// `EXT-X-DATERANGE` in order.
    pub date_ranges: Vec<At<Attributes>>,
    /// Names of tags that only live playlists use.
    pub live_tags: Vec<At<String>>,
    /// Number of lines of the text.
    pub lines: u32,
    pub faults: Vec<TextFault>,
}

impl Playlist {
    /// Sum of all `EXTINF` in nanoseconds.
    pub fn duration(&self) -> i128 {
        self.segments.iter().map(|s| s.duration).sum()
    }

    /// Whether segments may still be added or removed: there is no `EXT-X-ENDLIST`, and the type is not VOD.
    pub fn is_live(&self) -> bool {
        let kind = self.playlist_type.as_ref().map(|k| k.value.as_str());
        self.end_list.is_none() && kind != Some("VOD")
    }

    /// The playlists that a multivariant playlist references.
    pub(crate) fn references(&self) -> impl Iterator<Item = &Uri> {
        let variants = self.variants.iter().chain(&self.i_frame_variants);
        let media = self.media.iter().map(|m| &m.uri);
        variants.map(|v| &v.uri).chain(media).flatten()
    }
}

/// A variant or its I-frame playlist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Line of the tag.
    pub line: u32,
    pub attributes: Attributes,
    /// Its media playlist; `None` if no URI follows the tag.
    pub uri: Option<Uri>,
}

impl Variant {
    /// An attribute as written, without quotes.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)
    }

    pub(crate) fn path(&self) -> Option<&str> {
        self.uri.as_ref()?.path.as_deref()
    }

    /// `BANDWIDTH` in bits per second.
    pub fn bandwidth(&self) -> Option<u64> {
        self.attributes.integer("BANDWIDTH")
    }

    /// `AVERAGE-BANDWIDTH` in bits per second.
    pub fn average_bandwidth(&self) -> Option<u64> {
        self.attributes.integer("AVERAGE-BANDWIDTH")
    }

    /// The codec strings of `CODECS`.
    pub fn codecs(&self) -> Vec<&str> {
        let codecs = self.get("CODECS").unwrap_or_default().split(',');
        codecs.map(str::trim).filter(|c| !c.is_empty()).collect()
    }

    /// `RESOLUTION` as width and height.
    pub fn resolution(&self) -> Option<(u32, u32)> {
        let (width, height) = self.get("RESOLUTION")?.split_once('x')?;
        Some((width.parse().ok()?, height.parse().ok()?))
    }

    /// `FRAME-RATE` in thousandths of a frame per second.
    pub fn frame_rate_milli(&self) -> Option<u64> {
        let nanos = decimal_nanos(self.get("FRAME-RATE")?)?;
        u64::try_from((nanos + 500_000) / 1_000_000).ok()
    }

    /// Whether its attributes declare video.
    pub fn has_video(&self) -> bool {
        let codecs = self.codecs();
        codecs.is_empty() || self.resolution().is_some() || codecs.iter().any(|c| is_video_codec(c))
    }
}

/// Whether a codec string (RFC 6381) is one of video.
pub fn is_video_codec(codec: &str) -> bool {
    let prefixes = ["avc", "hvc1", "hev1", "dvh", "av01", "vp0", "mp4v"];
    prefixes.iter().any(|p| codec.starts_with(p))
}

/// The sample entry of a codec string (RFC 6381): `avc1` of `avc1.64001f`.
pub(crate) fn codec_family(codec: &str) -> &str {
    codec.split_once('.').map_or(codec, |(family, _)| family)
}

/// An `EXT-X-MEDIA`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaTag {
    /// Line of the tag.
    pub line: u32,
    pub attributes: Attributes,
    /// Its media playlist, if it has one.
    pub uri: Option<Uri>,
}

impl MediaTag {
    /// An attribute as written, without quotes.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)
    }

    /// `TYPE`, or an empty text.
    pub fn media_type(&self) -> &str {
        self.get("TYPE").unwrap_or_default()
    }

    /// `GROUP-ID`, or an empty text.
    pub fn group_id(&self) -> &str {
        self.get("GROUP-ID").unwrap_or_default()
    }

    /// `NAME`, or an empty text.
    pub fn name(&self) -> &str {
        self.get("NAME").unwrap_or_default()
    }

    /// Whether an attribute is `YES`.
    pub fn is_yes(&self, name: &str) -> bool {
        self.get(name) == Some("YES")
    }
}

/// An `EXT-X-MAP`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    pub uri: Uri,
    /// Offset and length; `None` for the whole object.
    pub range: Option<(u64, u64)>,
    pub encryption: Encryption,
}

impl Map {
    pub(crate) fn part(&self) -> Option<Part> {
        part(&self.uri, self.range)
    }
}

/// A media segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Line of its `EXTINF`.
    pub line: u32,
    /// `EXTINF` in nanoseconds.
    pub duration: i128,
    pub uri: Uri,
    /// Offset and length; `None` for the whole object.
    pub range: Option<(u64, u64)>,
    /// Index of the `EXT-X-MAP` that applies.
    pub map: Option<usize>,
    /// Whether an `EXT-X-DISCONTINUITY` precedes it.
    pub discontinuity: bool,
    /// Whether `EXT-X-GAP` states that the segment is absent.
    pub gap: bool,
    /// `EXT-X-PROGRAM-DATE-TIME` as written.
    pub date_time: Option<At<String>>,
    pub encryption: Encryption,
}

impl Segment {
    pub(crate) fn part(&self) -> Option<Part> {
        part(&self.uri, self.range)
    }
}

fn part(uri: &Uri, range: Option<(u64, u64)>) -> Option<Part> {
    let path = uri.path.clone()?;
    Some(Part { path, range })
}

/// Parses the playlist at `path`, below the output prefix. Faults do not stop it. Variables that it imports have no
/// known value.
pub fn parse(path: &str, bytes: &[u8]) -> Playlist {
    parse_with(path, bytes, None)
}

/// As [`parse`], with the variables of the multivariant playlist.
pub fn parse_with(path: &str, bytes: &[u8], imports: Option<&Variables>) -> Playlist {
    let mut playlist = parser::parse(path, bytes, imports);
    if playlist.faults.is_empty() {
        playlist
            .faults
            .extend(compare_with_m3u8_rs(&playlist, bytes));
    }
    playlist
}

/// Parses a non-negative decimal number in billionths. Decimals after the ninth are cut off.
pub fn decimal_nanos(text: &str) -> Option<i128> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |s: &str| !s.is_empty() && s.len() <= 64 && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || whole.len() > 18 {
        return None;
    }
    let fraction: i128 = format!("{decimals:0<9}").get(..9)?.parse().ok()?;
    Some(whole.parse::<i128>().ok()? * NANOS + fraction)
}

/// Compares with an independent parser.
fn compare_with_m3u8_rs(playlist: &Playlist, bytes: &[u8]) -> Option<TextFault> {
    let variants = |count: usize| format!("a multivariant playlist of {count} variants");
    let segments = |count: usize| format!("a media playlist of {count} segments");
    let expected = if playlist.is_multivariant {
        variants(playlist.variants.len() + playlist.i_frame_variants.len())
    } else {
        segments(playlist.segments.len())
    };
    // It takes a comma in a title for the end of the line.
    let text = String::from_utf8_lossy(bytes);
    let mut durations = text.lines().filter(|l| l.starts_with("#EXTINF:"));
    if durations.any(|l| l.matches(',').count() > 1) {
        return None;
    }
    // It rejects some valid playlists, for example of newer versions, so only another number is a finding.
    let found = match m3u8_rs::parse_playlist_res(bytes) {
        Ok(m3u8_rs::Playlist::MasterPlaylist(p)) if playlist.is_multivariant => {
            variants(p.variants.len())
        }
        Ok(m3u8_rs::Playlist::MediaPlaylist(p)) if !playlist.is_multivariant => {
            segments(p.segments.len())
        }
        _ => return None,
    };
    (expected != found).then(|| TextFault {
        rule: "HLS-G01",
        line: 1,
        expected,
        found: format!("{found} with an independent parser"),
    })
}
