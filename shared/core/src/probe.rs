//! What is known of a mezzanine: the probe as types, and the inspection that pins it.

use serde::{Deserialize, Serialize};

use crate::aperture::Crop;
use crate::digest::Checksums;
use crate::ladder::VideoRange;
use crate::object::ObjectPin;
use crate::sniff::Container;
use crate::time::{FrameRate, Ticks, Timescale};
use crate::units::{Bytes, Resolution};

/// `jobs/{job_key}/probe.json`: the validated mezzanine, pinned to one version for all later reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// The exact object version that was probed, and is hashed and encoded.
    pub mezzanine: ObjectPin,
    /// Size of the object.
    pub size: Bytes,
    /// Facts of its streams.
    pub probe: Probe,
    /// The caption files of the manifest, pinned, in the manifest's order.
    pub captions: Vec<ObjectPin>,
}

/// `jobs/{job_key}/checksums.json`: every byte of the mezzanine was read, and is what the manifest says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// The exact object version that was hashed.
    pub mezzanine: ObjectPin,
    /// Its checksums.
    pub checksums: Checksums,
}

/// Facts that ffprobe found, less everything that is not used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// Container, sniffed from the bytes and forced on every later read.
    pub container: Container,
    /// Duration of the container in microseconds.
    pub duration_us: i64,
    /// The video stream that is encoded: the first that is not cover art.
    pub video: VideoStream,
    /// All audio streams in order.
    pub audio: Vec<AudioStream>,
    /// All subtitle streams in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub text: Vec<TextStream>,
    /// Number of all streams.
    pub streams: u32,
}

/// The video stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoStream {
    /// Index among all streams of the file (`0:N` in ffmpeg).
    pub index: u32,
    /// ffmpeg's codec name, for example `h264`, `prores`.
    pub codec: String,
    /// Codec profile where there is one.
    pub profile: Option<String>,
    /// Coded picture size, before rotation and sample aspect ratio.
    pub coded: Resolution,
    /// The part of the coded picture that is shown, where the container states a clean aperture smaller than it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<Crop>,
    /// Sample aspect ratio, width to height; 1:1 where unknown.
    pub sar: (u32, u32),
    /// Clockwise rotation for display: 0, 90, 180 or 270.
    pub rotation: u16,
    /// Pixel format, for example `yuv420p10le`.
    pub pixel_format: String,
    /// Bits per component.
    pub bit_depth: u8,
    /// `r_frame_rate`: the least common rate of all frames.
    pub base_frame_rate: Option<FrameRate>,
    /// `avg_frame_rate`.
    pub average_frame_rate: Option<FrameRate>,
    /// Units of the stream's timestamps: a second is `time_base.1 / time_base.0` ticks.
    pub time_base: (u32, u32),
    /// `progressive`, `tt`, `bb`, `tb`, `bt` or `unknown`.
    pub field_order: String,
    /// `color_primaries`, where stated.
    pub primaries: Option<String>,
    /// `color_transfer`, where stated.
    pub transfer: Option<String>,
    /// `color_space` (matrix), where stated.
    pub matrix: Option<String>,
    /// `color_range`: `tv` or `pc`, where stated.
    pub range: Option<String>,
    /// Closed captions are within the first pictures (CEA-608 or CEA-708 as ATSC A/53 carries them).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub captioned: bool,
    /// What an HDR10 master was graded on, where stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mastering: Option<Mastering>,
    /// Light of the content, where stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub light: Option<ContentLight>,
}

/// A mastering display (SMPTE ST 2086).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mastering {
    /// Chromaticities of red, green, blue and white, x and y, in units of 0.00002.
    pub chromaticities: [[u32; 2]; 4],
    /// Highest luminance in units of 0.0001 cd/m².
    pub brightest: u32,
    /// Lowest luminance in units of 0.0001 cd/m².
    pub darkest: u32,
}

/// Content light level (CTA-861.3) in cd/m².
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentLight {
    /// `MaxCLL`: of the brightest pixel.
    pub brightest: u32,
    /// `MaxFALL`: of the brightest frame's average.
    pub average: u32,
}

/// How pictures were scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scan {
    /// Whole frames.
    Progressive,
    /// Two fields of different moments, the upper lines first.
    TopFirst,
    /// Two fields of different moments, the lower lines first.
    BottomFirst,
}

impl VideoStream {
    /// Size for display in square pixels: cropped, sample aspect ratio applied to the width, then rotation.
    #[must_use]
    pub fn display(&self) -> Resolution {
        let (num, den) = (u64::from(self.sar.0.max(1)), u64::from(self.sar.1.max(1)));
        let shown = self.crop.map_or(self.coded, |crop| crop.size);
        let width = (u64::from(shown.width) * num + den / 2) / den;
        let (w, h) = (u32::try_from(width).unwrap_or(u32::MAX), shown.height);
        if self.rotation % 180 == 90 {
            Resolution {
                width: h,
                height: w,
            }
        } else {
            Resolution {
                width: w,
                height: h,
            }
        }
    }

    /// Dynamic range by the transfer function.
    #[must_use]
    pub fn dynamic_range(&self) -> VideoRange {
        match self.transfer.as_deref() {
            Some("smpte2084") => VideoRange::Pq,
            Some("arib-std-b67") => VideoRange::Hlg,
            _ => VideoRange::Sdr,
        }
    }

    /// Whether the transfer function is that of HDR10 or HLG.
    #[must_use]
    pub fn is_hdr(&self) -> bool {
        self.dynamic_range() != VideoRange::Sdr
    }

    /// Whether the file says that its pictures are fields.
    #[must_use]
    pub fn is_interlaced(&self) -> bool {
        matches!(self.stated_scan(), Some(Scan::TopFirst | Scan::BottomFirst))
    }

    /// What the file says of its fields, as ffprobe words it.
    #[must_use]
    pub fn stated_scan(&self) -> Option<Scan> {
        match self.field_order.as_str() {
            "progressive" => Some(Scan::Progressive),
            "tt" | "tb" => Some(Scan::TopFirst),
            "bb" | "bt" => Some(Scan::BottomFirst),
            _ => None,
        }
    }
}

/// One audio stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioStream {
    /// Index among all streams of the file.
    pub index: u32,
    /// ffmpeg's codec name, for example `pcm_s24le`.
    pub codec: String,
    /// Number of channels.
    pub channels: u32,
    /// Samples per second.
    pub sample_rate: u32,
    /// The stream's language tag where it has one, as in the file (often ISO 639-2).
    pub language: Option<String>,
}

/// One subtitle stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextStream {
    /// Index among all streams of the file.
    pub index: u32,
    /// ffmpeg's codec name, for example `mov_text` or `hdmv_pgs_subtitle`.
    pub codec: String,
    /// The stream's language tag where it has one, as in the file (often ISO 639-2).
    pub language: Option<String>,
    /// Whether the file says that it is shown even where captions are off.
    pub forced: bool,
    /// Whether the file says that it is for the deaf and hard of hearing.
    pub sdh: bool,
}

/// Timestamps of every packet of the video stream, in file order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketIndex {
    /// Seconds per tick as a fraction.
    pub time_base: (u32, u32),
    /// The packets that yield a frame: those flagged to be discarded are left out.
    pub packets: Vec<Packet>,
    /// Key frames are recovery points from which pictures build up (intra refresh): decoding cannot begin there exactly.
    pub gradual: bool,
    /// Frames are reordered for display, but the container does not say when each is shown.
    pub unordered: bool,
    /// The file's own tables, which every reader fetches besides the packets (`moov`); `None` where there are none.
    pub tables: Option<ByteSpan>,
    /// Fragments (`moof` and what belongs to it), one after the other up to the end of the file, where each can be read
    /// without those before it; else empty.
    pub fragments: Vec<ByteSpan>,
    /// Tables and one packet tell a decoder all that it must know. H.264 may leave it to be learnt from many packets how far
    /// frames are reordered.
    pub described: bool,
    /// How the index was come by.
    pub read: IndexRead,
    /// How the pictures were scanned.
    pub scan: Scan,
}

/// How a packet index was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IndexRead {
    /// From the file's own tables by ranged reads; no media was read.
    Tables,
    /// By reading the whole file once: it has no tables, or such as are not read here.
    Scan,
}

/// Bytes `[start, end)` of the mezzanine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByteSpan {
    /// The first.
    pub start: u64,
    /// Past the last.
    pub end: u64,
}

/// One packet of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Presentation time.
    pub pts: i64,
    /// Decoding time, where the container has one.
    pub dts: Option<i64>,
    /// Whether decoding can start here.
    pub key: bool,
    /// Where its bytes are, as far as the demuxer knows. Only for reading ahead: nothing is decided by it.
    pub bytes: Option<ByteSpan>,
}

/// A time in seconds as an exact fraction, as it goes to ffmpeg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seconds {
    /// Ticks.
    pub ticks: Ticks,
    /// Ticks per second.
    pub timescale: Timescale,
}
