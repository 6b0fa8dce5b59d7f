//! The facts of a mezzanine: ffprobe output as typed values, the pinned object version, and the packet index.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::aperture::Crop;
use crate::audio_track::AudioRole;
use crate::digest::{ChecksumState, Checksums};
use crate::ladder::VideoRange;
use crate::object::ObjectPin;
use crate::sniff::Container;
use crate::tail::AudioSpan;
use crate::time::{FrameCount, FrameRate, Ticks, Timescale};
use crate::timecode::Timecode;
use crate::units::{Bytes, Resolution};

/// `jobs/{job_key}/probe.json`: the validated mezzanine, pinned to one version for all later reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// The exact object version that was probed and will be hashed and encoded.
    pub mezzanine: ObjectPin,
    pub size: Bytes,
    pub probe: Probe,
    /// The caption files, in the manifest's order.
    pub captions: Vec<ObjectPin>,
}

/// `jobs/{job_key}/checksums.json`: every byte of the mezzanine was read, and its checksums are the manifest's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// The exact object version that was hashed.
    pub mezzanine: ObjectPin,
    pub checksums: Checksums,
}

/// `jobs/working/{job_key}/checksums-so-far.json`: the mezzanine was read up to a byte, and the next invocation continues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartialVerification {
    /// The exact object version that is being hashed.
    pub mezzanine: ObjectPin,
    pub state: ChecksumState,
}

/// The facts from ffprobe that are used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// Detected from the bytes, and forced on every later read.
    pub container: Container,
    /// Duration of the container in microseconds.
    pub duration_us: i64,
    /// The video stream to encode: the one that the manifest selects, otherwise the main one. `None` for a title of audio
    /// alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video: Option<VideoStream>,
    /// All audio streams, in file order.
    pub audio: Vec<AudioStream>,
    /// All subtitle streams, in file order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub text: Vec<TextStream>,
    /// Number of streams of all kinds.
    pub streams: u32,
    /// Timecode of the first picture, if the file states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_timecode: Option<Timecode>,
}

/// The video stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoStream {
    /// Index among all streams of the file (`0:N` in ffmpeg).
    pub index: u32,
    /// ffmpeg's codec name, for example `h264`, `prores`.
    pub codec: String,
    pub profile: Option<String>,
    /// Duration in microseconds that the container states for this stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_us: Option<i64>,
    /// Whether the container states that the samples are encrypted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub encrypted: bool,
    /// Whether every coded picture is one field (H.265 with `field_seq_flag`), so that the coded size is half a frame.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub field_pictures: bool,
    /// What the container or the pictures state about Dolby Vision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dolby_vision: Option<DolbyVision>,
    /// Coded picture size, before rotation and sample aspect ratio.
    pub coded: Resolution,
    /// The visible part of the coded picture, if the container states a clean aperture smaller than it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<Crop>,
    /// Sample aspect ratio, width to height; 1:1 if unknown.
    pub sar: (u32, u32),
    /// Clockwise rotation for display: 0, 90, 180 or 270.
    pub rotation: u16,
    /// Whether the picture is mirrored top to bottom before it is rotated, as the display matrix states. Left to right is this
    /// and a rotation by 180.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flipped: bool,
    /// Pixel format, for example `yuv420p10le`.
    pub pixel_format: String,
    pub bit_depth: u8,
    /// `r_frame_rate`: the lowest rate on whose grid every timestamp lies.
    pub base_frame_rate: Option<FrameRate>,
    /// `avg_frame_rate`.
    pub average_frame_rate: Option<FrameRate>,
    /// Seconds per tick of the timestamps, as a fraction.
    pub time_base: (u32, u32),
    /// `progressive`, `tt`, `bb`, `tb`, `bt` or `unknown`.
    pub field_order: String,
    pub primaries: Option<String>,
    pub transfer: Option<String>,
    /// `color_space`.
    pub matrix: Option<String>,
    /// `color_range`: `tv` or `pc`.
    pub range: Option<String>,
    /// Whether the first pictures contain closed captions (CEA-608 or CEA-708, carried as in ATSC A/53).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub captioned: bool,
    /// The display on which an HDR10 master was graded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mastering: Option<Mastering>,
    /// Content light level; `None` if neither value is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub light: Option<ContentLight>,
}

/// A Dolby Vision stream: what its configuration record states (Dolby Vision Streams Within the ISO Base Media File Format,
/// 3.2), or what its first reference picture implies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DolbyVision {
    /// `dv_profile`; `None` if only a sample entry such as `dvh1` states Dolby Vision.
    pub profile: Option<u8>,
    /// `dv_bl_signal_compatibility_id`: as what a decoder without Dolby Vision may show the base layer. 0 is as nothing.
    pub compatibility: u8,
    /// `bl_present_flag`: false for a track that has an enhancement layer only.
    pub base_layer: bool,
}

impl DolbyVision {
    /// The dynamic range of the base layer; `None` if it can only be shown with the dynamic metadata, or is not there.
    pub fn base_range(self) -> Option<VideoRange> {
        let profile = self.profile.filter(|_| self.base_layer)?;
        match (profile, self.compatibility) {
            // Profile 7 is the profile of Ultra HD Blu-ray, whose base layer is HDR10 (6).
            (7, 1 | 6) | (8 | 10, 1) => Some(VideoRange::Pq),
            (8 | 10, 4) => Some(VideoRange::Hlg),
            (8..=10, 2) => Some(VideoRange::Sdr),
            _ => None,
        }
    }
}

impl fmt::Display for DolbyVision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.profile {
            None => f.write_str("Dolby Vision of an unstated profile")?,
            Some(profile @ 8..=10) => {
                write!(f, "Dolby Vision profile {profile}.{}", self.compatibility)?;
            }
            Some(profile) => write!(f, "Dolby Vision profile {profile}")?,
        }
        if !self.base_layer {
            f.write_str(", an enhancement layer without its base layer")?;
        }
        Ok(())
    }
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

/// Content light level (CTA-861.3) in cd/m²; 0 is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentLight {
    /// `MaxCLL`: the brightest pixel.
    pub brightest: u32,
    /// `MaxFALL`: the average of the brightest frame.
    pub average: u32,
}

impl ContentLight {
    /// The light level from stored values; `None` if neither is known. Both 0 and 65,535, the largest that can be stored,
    /// mean that a value is unknown.
    pub fn known(brightest: u32, average: u32) -> Option<Self> {
        let value = |stored| if stored < 65_535 { stored } else { 0 };
        let (brightest, average) = (value(brightest), value(average));
        (brightest > 0 || average > 0).then_some(Self { brightest, average })
    }
}

/// How pictures were scanned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scan {
    #[default]
    Progressive,
    /// Two fields of different moments, the upper lines first.
    TopFirst,
    /// Two fields of different moments, the lower lines first.
    BottomFirst,
}

impl VideoStream {
    /// Size for display in square pixels: crop, then sample aspect ratio applied to the width, then rotation.
    pub fn display(&self) -> Resolution {
        let (num, den) = (u64::from(self.sar.0.max(1)), u64::from(self.sar.1.max(1)));
        let shown = self.crop.map_or(self.coded, |crop| crop.size);
        let width = (u64::from(shown.width) * num + den / 2) / den;
        let width = u32::try_from(width).unwrap_or(u32::MAX);
        let height = shown.height;
        Resolution { width, height }.turned(self.rotation)
    }

    /// The average frame rate; `None` if it is higher than the rate that holds all frames, which no average is. Matroska
    /// without default durations may have one of 1,000.
    pub fn plausible_rate(&self) -> Option<FrameRate> {
        let base = self
            .base_frame_rate
            .map_or(f64::INFINITY, FrameRate::as_f64);
        self.average_frame_rate
            .filter(|rate| rate.as_f64() <= base * 1.001)
    }

    /// The dynamic range that the transfer function implies.
    pub fn dynamic_range(&self) -> VideoRange {
        match self.transfer.as_deref() {
            Some("smpte2084") => VideoRange::Pq,
            Some("arib-std-b67") => VideoRange::Hlg,
            _ => VideoRange::Sdr,
        }
    }

    /// Whether the transfer function is that of HDR10 or HLG.
    pub fn is_hdr(&self) -> bool {
        self.dynamic_range() != VideoRange::Sdr
    }

    /// Whether the file states that its pictures are fields.
    pub fn is_interlaced(&self) -> bool {
        matches!(self.stated_scan(), Some(Scan::TopFirst | Scan::BottomFirst))
    }

    /// The scan that the file states; `None` if it states none.
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
    pub channels: u32,
    /// ffmpeg's name of the channel layout, or its list of channels; absent if the file states none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<String>,
    /// Samples per second.
    pub sample_rate: u32,
    /// Language tag as in the file (often ISO 639-2).
    pub language: Option<String>,
    /// The name that the file gives to the stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What the file marks the stream as, otherwise what its title says.
    #[serde(default, skip_serializing_if = "AudioRole::is_main")]
    pub role: AudioRole,
}

/// One subtitle stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextStream {
    /// Index among all streams of the file.
    pub index: u32,
    /// ffmpeg's codec name, for example `mov_text` or `hdmv_pgs_subtitle`.
    pub codec: String,
    /// Language tag as in the file (often ISO 639-2).
    pub language: Option<String>,
    /// Whether the file marks it as shown even if captions are off.
    pub forced: bool,
    /// Whether the file marks it as for the deaf and hard of hearing.
    pub sdh: bool,
}

/// Timestamps of every packet of the video stream, in file order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PacketIndex {
    /// Seconds per tick as a fraction.
    pub time_base: (u32, u32),
    /// The packets that yield a frame, without those that are flagged as discarded.
    pub packets: Vec<Packet>,
    /// When the last frame stops being shown, as far as packets state their durations.
    pub end: i64,
    /// Whether key frames are recovery points of an intra refresh, from which pictures build up gradually: decoding cannot
    /// start there exactly.
    pub gradual: bool,
    /// Whether frames are reordered for display without presentation times in the container.
    pub unordered: bool,
    /// The file's tables (`moov`), which every reader fetches in addition to the packets.
    pub tables: Option<ByteSpan>,
    /// Fragments (`moof` and `mdat`), contiguous up to the end of the file. Empty if a fragment cannot be read without those
    /// before it.
    pub fragments: Vec<ByteSpan>,
    /// Whether the tables and one packet give a decoder everything it must know. In H.264 the depth of reordering may only be
    /// known after many packets.
    pub described: bool,
    pub read: IndexRead,
    pub scan: Scan,
    /// Number of packets that are decoded but not shown, because an edit list hides them. One of them may be the only key
    /// frame.
    pub hidden: u64,
    /// Whether packets before the first frame were removed from `packets`, because no decoder can show them: the file begins
    /// in the middle of a group of pictures.
    pub begins_midway: bool,
    /// Whether the container has one timeline, on which a jump is a pause. The timestamps of a transport or programme stream
    /// may restart.
    pub one_timeline: bool,
    /// When the wanted audio streams are heard.
    pub audio: Vec<AudioSpan>,
}

impl PacketIndex {
    /// From the first frame to the end of the last one, in microseconds; `None` without frames.
    pub fn duration_us(&self) -> Option<i64> {
        let first = self.packets.iter().map(|p| p.pts).min()?;
        let last = self.packets.iter().map(|p| p.pts).max()?;
        let gaps = i64::try_from(self.packets.len())
            .ok()?
            .checked_sub(1)?
            .max(1);
        let ticks = (last + (last - first) / gaps)
            .max(self.end)
            .checked_sub(first)?;
        let (num, den) = (i128::from(self.time_base.0), i128::from(self.time_base.1));
        i64::try_from(i128::from(ticks) * num * 1_000_000 / den.max(1)).ok()
    }
}

/// How a packet index was obtained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IndexRead {
    /// From the file's tables by ranged reads, without reading media.
    Tables,
    /// By reading the whole file once, because it has no tables or this crate does not read them.
    #[default]
    Scan,
}

/// The bytes `[start, end)` of the mezzanine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByteSpan {
    pub start: u64,
    pub end: u64,
}

/// One packet of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    pub pts: i64,
    /// Absent if the container has no decoding times.
    pub dts: Option<i64>,
    /// Whether decoding can start here.
    pub key: bool,
    /// Position of its bytes, if the demuxer knows it. Used only for reading ahead.
    pub bytes: Option<ByteSpan>,
}

/// A time in seconds as an exact fraction, as passed to ffmpeg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seconds {
    pub ticks: Ticks,
    pub timescale: Timescale,
}

impl Seconds {
    /// The time of a frame on a grid of this rate.
    pub fn of_frame(frame: FrameCount, rate: FrameRate) -> Self {
        Self {
            ticks: rate.duration_of(frame),
            timescale: rate.timescale(),
        }
    }

    /// The time in microseconds, rounded down.
    pub fn micros(self) -> i64 {
        let scale = i128::from(self.timescale.0.max(1));
        let micros = (i128::from(self.ticks.0) * 1_000_000).div_euclid(scale);
        i64::try_from(micros).unwrap_or(if micros < 0 { i64::MIN } else { i64::MAX })
    }

    /// This time and a duration in ticks of another timescale: exact, or rounded to a microsecond if no timescale is
    /// common to both.
    #[must_use]
    pub fn plus(self, duration: Ticks, timescale: Timescale) -> Self {
        let (own, other) = (self.timescale.0.max(1), timescale.0.max(1));
        let (mut gcd, mut rest) = (own, other);
        while rest > 0 {
            (gcd, rest) = (rest, gcd % rest);
        }
        let common = own.checked_mul(other / gcd);
        let common = Timescale(common.unwrap_or(1_000_000));
        let ticks = self.ticks.rescale(self.timescale, common).0;
        let ticks = ticks.saturating_add(duration.rescale(timescale, common).0);
        Self {
            ticks: Ticks(ticks),
            timescale: common,
        }
    }
}
