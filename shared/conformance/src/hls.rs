//! HLS playlists (RFC 8216): a strict pass over the lines that knows every tag's place, and the models built from it.
//!
//! `m3u8-rs` reads leniently: a garbage duration becomes 0, a variant without BANDWIDTH vanishes. So the strict pass is
//! our own, and `m3u8-rs` is the independent second reader that must agree on what is there.

mod attributes;
mod build;
mod tags;

#[cfg(test)]
mod tests;

use crate::fault::TextFault;

pub use attributes::{Attribute, Attributes};

/// Nanoseconds of one second: the unit of `EXTINF` here, which has at most nine decimals.
pub const NANOS: i128 = 1_000_000_000;

/// A tag with the line it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// Line from 1.
    pub line: u32,
    /// What is there.
    pub value: T,
}

/// A reference to another object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uri {
    /// Line from 1.
    pub line: u32,
    /// As written.
    pub text: String,
    /// Path below the output prefix; `None` where it leads elsewhere.
    pub path: Option<String>,
}

/// A playlist of either kind, with everything that is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Playlist {
    /// Whether tags of a multivariant playlist are there.
    pub is_multivariant: bool,
    /// `EXT-X-VERSION`.
    pub version: Option<At<u64>>,
    /// `EXT-X-INDEPENDENT-SEGMENTS`.
    pub independent_segments: Option<u32>,
    /// `EXT-X-STREAM-INF` in order.
    pub variants: Vec<Variant>,
    /// `EXT-X-I-FRAME-STREAM-INF` in order.
    pub i_frame_variants: Vec<Variant>,
    /// `EXT-X-MEDIA` in order.
    pub media: Vec<MediaTag>,
    /// `EXT-X-TARGETDURATION` in seconds; the first.
    pub target_duration: Option<At<u64>>,
    /// `EXT-X-MEDIA-SEQUENCE`.
    pub media_sequence: Option<At<u64>>,
    /// `EXT-X-PLAYLIST-TYPE`.
    pub playlist_type: Option<At<String>>,
    /// `EXT-X-ENDLIST`.
    pub end_list: Option<u32>,
    /// `EXT-X-I-FRAMES-ONLY`.
    pub i_frames_only: Option<u32>,
    /// `EXT-X-MAP` in order.
    pub maps: Vec<Map>,
    /// `EXT-X-KEY` and `EXT-X-SESSION-KEY` in order.
    pub keys: Vec<At<Attributes>>,
    /// The segments in order.
    pub segments: Vec<Segment>,
    /// Tags that a VOD playlist has no use for.
    pub live_tags: Vec<At<String>>,
    /// Lines of the file.
    pub lines: u32,
    /// What is wrong.
    pub faults: Vec<TextFault>,
}

/// A variant stream, or its I-frame playlist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Line of the tag.
    pub line: u32,
    /// Its attributes.
    pub attributes: Attributes,
    /// Its media playlist; `None` where there is none.
    pub uri: Option<Uri>,
}

impl Variant {
    /// `BANDWIDTH` in bits per second.
    #[must_use]
    pub fn bandwidth(&self) -> Option<u64> {
        self.attributes.integer("BANDWIDTH")
    }

    /// `AVERAGE-BANDWIDTH` in bits per second.
    #[must_use]
    pub fn average_bandwidth(&self) -> Option<u64> {
        self.attributes.integer("AVERAGE-BANDWIDTH")
    }

    /// `CODECS`, split.
    #[must_use]
    pub fn codecs(&self) -> Vec<&str> {
        let text = self.attributes.get("CODECS").unwrap_or_default();
        text.split(',')
            .map(str::trim)
            .filter(|c| !c.is_empty())
            .collect()
    }

    /// `RESOLUTION` as width and height.
    #[must_use]
    pub fn resolution(&self) -> Option<(u32, u32)> {
        let (width, height) = self.attributes.get("RESOLUTION")?.split_once('x')?;
        Some((width.parse().ok()?, height.parse().ok()?))
    }

    /// `FRAME-RATE` in thousandths of a frame per second.
    #[must_use]
    pub fn frame_rate_milli(&self) -> Option<u64> {
        let nanos = decimal_nanos(self.attributes.get("FRAME-RATE")?)?;
        u64::try_from((nanos + 500_000) / 1_000_000).ok()
    }

    /// Whether it has video, by its attributes.
    #[must_use]
    pub fn has_video(&self) -> bool {
        let codecs = self.codecs();
        codecs.is_empty() || self.resolution().is_some() || codecs.iter().any(|c| is_video_codec(c))
    }
}

/// Whether an RFC 6381 codec string is one of video.
#[must_use]
pub fn is_video_codec(codec: &str) -> bool {
    ["avc", "hvc1", "hev1", "dvh", "av01", "vp0", "mp4v"]
        .iter()
        .any(|p| codec.starts_with(p))
}

/// An `EXT-X-MEDIA`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaTag {
    /// Line of the tag.
    pub line: u32,
    /// Its attributes.
    pub attributes: Attributes,
    /// Its media playlist; `None` where it has none.
    pub uri: Option<Uri>,
}

impl MediaTag {
    /// `TYPE`, or an empty text.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.attributes.get("TYPE").unwrap_or_default()
    }

    /// `GROUP-ID`, or an empty text.
    #[must_use]
    pub fn group(&self) -> &str {
        self.attributes.get("GROUP-ID").unwrap_or_default()
    }

    /// `NAME`, or an empty text.
    #[must_use]
    pub fn name(&self) -> &str {
        self.attributes.get("NAME").unwrap_or_default()
    }

    /// Whether an enumerated attribute is `YES`.
    #[must_use]
    pub fn is_yes(&self, attribute: &str) -> bool {
        self.attributes.get(attribute) == Some("YES")
    }
}

/// An `EXT-X-MAP`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    /// Where it is.
    pub uri: Uri,
    /// Its range, as offset and length; `None` for the whole object.
    pub range: Option<(u64, u64)>,
}

/// A media segment of a playlist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Line of its `EXTINF`.
    pub line: u32,
    /// `EXTINF` in nanoseconds.
    pub duration: i128,
    /// Where it is.
    pub uri: Uri,
    /// Its range, as offset and length; `None` for the whole object.
    pub range: Option<(u64, u64)>,
    /// Index of the `EXT-X-MAP` that applies.
    pub map: Option<usize>,
    /// Whether an `EXT-X-DISCONTINUITY` stands before it.
    pub discontinuity: bool,
}

impl Playlist {
    /// Sum of all `EXTINF` in nanoseconds.
    #[must_use]
    pub fn duration(&self) -> i128 {
        self.segments.iter().map(|s| s.duration).sum()
    }
}

/// Reads the playlist at `path`. Never stops at the first fault.
#[must_use]
pub fn parse(path: &str, bytes: &[u8]) -> Playlist {
    let mut playlist = build::build(path, bytes);
    if playlist.faults.is_empty() {
        cross_check(&mut playlist, bytes);
    }
    playlist
}

/// A non-negative decimal with at most nine decimals, in billionths.
#[must_use]
pub fn decimal_nanos(text: &str) -> Option<i128> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |s: &str| !s.is_empty() && s.len() <= 18 && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 9 {
        return None;
    }
    let fraction: i128 = format!("{decimals:0<9}").parse().ok()?;
    Some(whole.parse::<i128>().ok()? * NANOS + fraction)
}

/// A second, independent reader must find the same things.
fn cross_check(playlist: &mut Playlist, bytes: &[u8]) {
    let ours = if playlist.is_multivariant {
        let variants = playlist.variants.len() + playlist.i_frame_variants.len();
        format!("a multivariant playlist of {variants} variants")
    } else {
        format!("a media playlist of {} segments", playlist.segments.len())
    };
    let theirs = match m3u8_rs::parse_playlist_res(bytes) {
        Ok(m3u8_rs::Playlist::MasterPlaylist(p)) => {
            format!("a multivariant playlist of {} variants", p.variants.len())
        }
        Ok(m3u8_rs::Playlist::MediaPlaylist(p)) => {
            format!("a media playlist of {} segments", p.segments.len())
        }
        Err(_) => "no playlist".to_owned(),
    };
    if ours != theirs {
        playlist.faults.push(TextFault {
            rule: "HLS-G01".to_owned(),
            line: 1,
            expected: ours,
            found: format!("{theirs} by an independent reader"),
        });
    }
}
