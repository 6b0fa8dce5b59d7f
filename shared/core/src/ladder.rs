//! Profiles and ladders: how a title is encoded, and at which picture sizes.
//!
//! A [`Profile`] is a YAML file in `shared/core/ladders`: durations, encoder settings of each codec, audio settings, and
//! the ladder, an ordered list of rungs. A rung is one target: a codec, a box for the picture, a peak bit rate and a
//! quality. The profile is independent of any source; [`Profile::resolve`] applies it to one:
//!
//! - the picture keeps its aspect ratio and is fitted into the rung's box, turned for portrait pictures;
//! - it is never enlarged: a rung whose box is more than 10 % larger than the source is skipped;
//! - sides are even, because 4:2:0 subsampling has no odd sizes;
//! - a rate cap lowers the peak rates, and of several rungs with equal rate the smallest picture stays;
//! - the level is the lowest that allows the picture size, sample rate and bit rate.
//!
//! The result is never empty: if the source is below every rung, the smallest H.264 rung is encoded at the source's size.
//!
//! Identity and name are separate. [`Profile::hash`] covers every setting that decides bytes, and is part of the job key;
//! the name and the label are aliases, so renaming a profile encodes nothing again.
//!
//! ```
//! use reelsmith_core::ladder::{OutputOptions, Profile};
//! use reelsmith_core::time::FrameRate;
//! use reelsmith_core::units::Resolution;
//!
//! let options = OutputOptions { h265: false, dash: true, progressive: false, max_bitrate: None, mock: false };
//! let source = Resolution { width: 1280, height: 720 };
//! let rate = FrameRate::new(25, 1).expect("a rate");
//! let rungs = Profile::named("default")?.resolve(source, rate, &options);
//! let names: Vec<&str> = rungs.iter().map(|rung| rung.name.as_str()).collect();
//! assert_eq!(names, ["720p", "480p", "360p"]);
//! # Ok::<(), reelsmith_core::ladder::ProfileError>(())
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::digest::sha256_hex;
use crate::time::FrameRate;
use crate::units::{BitsPerSecond, Resolution};

/// The video codec of a rung.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum VideoCodec {
    /// H.264 / AVC (ISO/IEC 14496-10).
    H264,
    /// H.265 / HEVC (ISO/IEC 23008-2).
    H265,
}

impl VideoCodec {
    /// The name in paths.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Options that decide which outputs are made, from the deployment's settings and the manifest's `TranscodeSettings`.
/// They are part of the job key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputOptions {
    /// Also encode the H.265 rungs.
    pub h265: bool,
    /// Also write the MPD.
    pub dash: bool,
    /// Also write a progressive MP4 of each video rendition.
    pub progressive: bool,
    /// Limit the peak bit rate of every rung to this rate.
    pub max_bitrate: Option<BitsPerSecond>,
    /// Encode placeholders instead of the mezzanine's pictures and sound: the right sizes, frame rate and duration at
    /// little cost.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mock: bool,
}

/// A profile: `shared/core/ladders/*.yaml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Name of the file, by which a deployment selects the profile.
    pub name: String,
    /// An alias for people, such as `v1.0`.
    pub label: String,
    pub timing: Timing,
    /// Settings common to all rungs of a codec.
    pub codecs: BTreeMap<VideoCodec, CodecSettings>,
    /// The ladder, best rung first within each codec.
    pub rungs: Vec<Rung>,
    pub audio: AudioSettings,
    /// Not part of [`Profile::hash`], because they decide no byte.
    #[serde(default)]
    pub sound_tolerances: SoundTolerances,
    /// Not part of [`Profile::hash`], because it decides no byte.
    #[serde(default)]
    pub proof: ProofLimits,
}

/// How thoroughly the output is compared with the mezzanine, and which differences fail the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProofLimits {
    /// Frames that are compared in full, in percent of each chunk; the first and last two always are.
    pub sampled_percent: u32,
    /// Greatest difference of a part of a picture from the source frame of its time, in hundredths of a level of 255, in
    /// addition to what the encoder's losses explain.
    pub picture_difference: i64,
}

impl Default for ProofLimits {
    fn default() -> Self {
        Self {
            sampled_percent: 10,
            picture_difference: 1_600,
        }
    }
}

/// Durations of a profile, in milliseconds of the nominal frame rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    pub segment_ms: u64,
    /// Greatest distance between two IDR pictures; divides the segment.
    pub gop_ms: u64,
    /// Longest chunk; a whole number of segments.
    pub chunk_ms: u64,
    /// Frame rates above this many frames per second are halved until they are not.
    pub max_frame_rate: u32,
}

/// Encoder settings of one codec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodecSettings {
    /// Encoder preset, for example `medium`.
    pub preset: String,
    /// Codec profile, for example `high`, `main`, `main10`.
    pub profile: String,
    /// Pixel format of the encode.
    pub pixel_format: String,
    /// Threads of one encoder. The bytes depend on it.
    pub threads: u32,
    /// Profile and pixel format for sources of more than eight bits; absent if the codec always uses eight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deep: Option<DeepSettings>,
}

/// Settings of a codec for sources of more than eight bits. A codec that has them keeps HDR; any other gets a picture that
/// is tone-mapped to SDR.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeepSettings {
    /// Codec profile, for example `main10`.
    pub profile: String,
    /// Pixel format of the encode, for example `yuv420p10le`.
    pub pixel_format: String,
}

/// Dynamic range of a picture, by its transfer function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum VideoRange {
    #[default]
    Sdr,
    /// HDR with the perceptual quantizer (SMPTE ST 2084), as in HDR10.
    Pq,
    /// HDR with hybrid log-gamma (ARIB STD-B67).
    Hlg,
}

impl VideoRange {
    /// The value of `VIDEO-RANGE` in a playlist.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// One rung of the ladder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    pub name: String,
    pub codec: VideoCodec,
    /// Width of the box that the picture is fitted into.
    pub width: u32,
    /// Height of the box.
    pub height: u32,
    /// Peak bit rate.
    pub max_bitrate: BitsPerSecond,
    /// Constant rate factor: the target quality below the peak rate.
    pub crf: f64,
}

/// Settings of audio renditions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AudioSettings {
    /// AAC-LC bit rate of stereo.
    pub bitrate: BitsPerSecond,
    /// AAC-LC bit rate of the 5.1 mix that a surround track gets in addition to stereo; absent if it gets none.
    #[serde(default)]
    pub surround_bitrate: Option<BitsPerSecond>,
    /// Samples per second.
    pub sample_rate: u32,
    /// Target integrated loudness (EBU R 128) in LUFS.
    pub loudness_lufs: f64,
    /// Highest true peak in dBTP.
    pub true_peak_dbtp: f64,
}

/// How far the sound of a finished rendition may differ from its source before the job fails (rules SRC-03 to SRC-05).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SoundTolerances {
    /// Offset of the sound in microseconds.
    pub offset_us: u32,
    /// Level of a window of 20 ms, in hundredths of a decibel beyond what the codec and the limiter explain.
    pub window: u32,
    /// Median level of two seconds, in the same unit.
    pub section: u32,
    /// Lowest correlation of an excerpt, in thousandths.
    pub correlation: i32,
    /// Excerpts that are more like another channel.
    pub swapped: u64,
    /// Loudness, compared with that of the encode or with the target, in hundredths of a loudness unit.
    pub loudness: u32,
    /// True peak above that of the encode or the ceiling, in hundredths of a decibel.
    pub true_peak: u32,
}

impl Default for SoundTolerances {
    /// docs/audio.md lists what AAC changes at the rates of the profiles.
    fn default() -> Self {
        Self {
            offset_us: 1_000,
            window: 900,
            section: 150,
            correlation: 800,
            swapped: 1,
            loudness: 100,
            true_peak: 100,
        }
    }
}

impl AudioSettings {
    /// Bit rate of a mix with that many channels.
    pub fn bitrate_of(&self, channels: u32) -> BitsPerSecond {
        let surround = self.surround_bitrate.filter(|_| channels > 2);
        surround.unwrap_or(self.bitrate)
    }
}

/// A rung resolved for one source: everything that the encoder needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResolvedRung {
    pub name: String,
    pub codec: VideoCodec,
    /// Picture size in square pixels; even.
    pub resolution: Resolution,
    /// Peak bit rate.
    pub max_bitrate: BitsPerSecond,
    /// Size of the decoder buffer (VBV) in bits.
    pub buffer_bits: u64,
    /// Constant rate factor.
    pub crf: f64,
    /// Level times ten, for example 40 for 4.0.
    pub level: u32,
    pub settings: CodecSettings,
    /// Dynamic range of the output: the source's if the codec keeps HDR, else SDR.
    #[serde(default)]
    pub range: VideoRange,
}

impl ResolvedRung {
    /// The rung for a source of a dynamic range and bit depth: uses the settings for deep sources if it needs them and the
    /// codec has them.
    pub fn for_source(mut self, range: VideoRange, bit_depth: u8) -> Self {
        if let Some(deep) = self.settings.deep.take()
            && (bit_depth > 8 || range != VideoRange::Sdr)
        {
            self.settings.profile = deep.profile;
            self.settings.pixel_format = deep.pixel_format;
            self.range = range;
        }
        self
    }

    /// Folder of the rendition below the output prefix, for example `video/h264_1080p`.
    pub fn path(&self) -> String {
        format!("video/{}_{}", self.codec.as_str(), self.name)
    }
}

/// A profile that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    #[error("expected a profile named one of {}, found {name:?}", Profile::names().join(", "))]
    Unknown { name: String },
    /// The file is not YAML of the right shape.
    #[error("profile {name}: {detail}")]
    Malformed { name: String, detail: String },
    /// The values of the file contradict each other.
    #[error("profile {name}: expected {expected}, found {found}")]
    Inconsistent {
        name: String,
        expected: String,
        found: String,
    },
}

const FILES: [(&str, &str); 3] = [
    ("default", include_str!("../ladders/default.yaml")),
    ("draft", include_str!("../ladders/draft.yaml")),
    ("preview", include_str!("../ladders/preview.yaml")),
];

impl Profile {
    /// The names of the profiles that ship with reelsmith.
    pub fn names() -> [&'static str; 3] {
        FILES.map(|(name, _)| name)
    }

    /// A profile that ships with reelsmith, by name.
    pub fn named(name: &str) -> Result<Self, ProfileError> {
        let file = FILES.iter().find(|(known, _)| *known == name);
        let (_, text) = file.ok_or_else(|| ProfileError::Unknown {
            name: name.to_owned(),
        })?;
        Self::from_yaml(name, text)
    }

    /// Reads and checks the text of a profile file.
    pub fn from_yaml(name: &str, text: &str) -> Result<Self, ProfileError> {
        let profile: Self = serde_norway::from_str(text).map_err(|e| ProfileError::Malformed {
            name: name.to_owned(),
            detail: e.to_string(),
        })?;
        profile.check()?;
        Ok(profile)
    }

    fn check(&self) -> Result<(), ProfileError> {
        let (segment_ms, gop_ms) = (self.timing.segment_ms, self.timing.gop_ms);
        let chunk_ms = self.timing.chunk_ms;
        let require = |holds: bool, expected: String, found: String| {
            let name = self.name.clone();
            holds.then_some(()).ok_or(ProfileError::Inconsistent {
                name,
                expected,
                found,
            })
        };
        require(
            gop_ms > 0 && segment_ms.is_multiple_of(gop_ms),
            format!("gop_ms to divide segment_ms ({segment_ms})"),
            gop_ms.to_string(),
        )?;
        require(
            chunk_ms > 0 && chunk_ms.is_multiple_of(segment_ms),
            format!("chunk_ms to be a multiple of segment_ms ({segment_ms})"),
            chunk_ms.to_string(),
        )?;
        for Rung { name, codec, .. } in &self.rungs {
            let expected = format!("codecs to have {}, which rung {name} uses", codec.as_str());
            require(self.codecs.contains_key(codec), expected, "none".into())?;
        }
        let h264 = self.rungs.iter().any(|r| r.codec == VideoCodec::H264);
        require(h264, "at least one h264 rung".into(), "none".into())
    }

    /// The same profile with the fastest preset of every codec, for placeholders.
    pub fn fastest(mut self) -> Self {
        for settings in self.codecs.values_mut() {
            "ultrafast".clone_into(&mut settings.preset);
        }
        self
    }

    /// SHA-256 of every setting that decides bytes, and of the encoder build. Name and label are aliases and do not count.
    pub fn hash(&self, encoder_build: &str) -> String {
        let settings = (
            &self.timing,
            &self.codecs,
            &self.rungs,
            &self.audio,
            encoder_build,
        );
        // Plain data with string keys always serialises.
        sha256_hex(&serde_json::to_vec(&settings).unwrap_or_default())
    }

    /// The rungs for a source, by the rules of the module documentation. Never empty.
    pub fn resolve(
        &self,
        source: Resolution,
        frame_rate: FrameRate,
        options: &OutputOptions,
    ) -> Vec<ResolvedRung> {
        let cap = options.max_bitrate.unwrap_or(BitsPerSecond(u64::MAX));
        let resolved = |rung: &Rung, name: String, resolution: Resolution| {
            let max_bitrate = rung.max_bitrate.min(cap);
            ResolvedRung {
                name,
                codec: rung.codec,
                resolution,
                max_bitrate,
                buffer_bits: max_bitrate.0 * 3 / 2,
                crf: rung.crf,
                level: lowest_level(rung.codec, resolution, frame_rate, max_bitrate),
                settings: self.codecs[&rung.codec].clone(),
                range: VideoRange::Sdr,
            }
        };
        let wanted = |rung: &&Rung| options.h265 || rung.codec != VideoCodec::H265;
        let fitting = self.rungs.iter().filter(wanted);
        let mut rungs: Vec<ResolvedRung> = fitting
            .filter_map(|rung| Some(resolved(rung, rung.name.clone(), fit(source, rung)?)))
            .collect();
        if rungs.is_empty() {
            let h264 = self.rungs.iter().filter(|r| r.codec == VideoCodec::H264);
            let (width, height) = (even(source.width), even(source.height));
            let smallest = h264.min_by_key(|r| r.height);
            rungs
                .extend(smallest.map(|rung| {
                    resolved(rung, format!("{height}p"), Resolution { width, height })
                }));
        }
        drop_equal_rates(&mut rungs);
        rungs
    }
}

/// A rung whose box is at most this large, in percent of the source, is kept at the source's size.
const MAX_BOX_PERCENT: u64 = 110;

/// The size of a source in a rung's box; `None` if that would enlarge the picture.
fn fit(source: Resolution, rung: &Rung) -> Option<Resolution> {
    let portrait = source.height > source.width;
    let (box_w, box_h) = if portrait {
        (rung.height, rung.width)
    } else {
        (rung.width, rung.height)
    };
    let (sw, sh) = (u64::from(source.width), u64::from(source.height));
    let (bw, bh) = (u64::from(box_w), u64::from(box_h));
    // The relatively smaller side of the box limits the picture; num/den is the scale.
    let (num, den) = if bw * sh <= bh * sw {
        (bw, sw)
    } else {
        (bh, sh)
    };
    if num * 100 > den * MAX_BOX_PERCENT {
        return None;
    }
    let (num, den) = if num > den { (1, 1) } else { (num, den) };
    // The nearest even number, but never more than the source: 853.3 becomes 854, as in every 480p ladder.
    let scale = |side: u64| {
        let nearest = u32::try_from((side * num + den) / (2 * den) * 2).unwrap_or(u32::MAX);
        nearest.clamp(2, even(u32::try_from(side).unwrap_or(u32::MAX)))
    };
    Some(Resolution {
        width: scale(sw),
        height: scale(sh),
    })
}

/// The greatest even number that is not greater than the side, at least two.
fn even(side: u32) -> u32 {
    (side & !1).max(2)
}

/// If a cap makes the rates of several rungs of one codec equal, keeps only the smallest picture, which looks best at that
/// rate.
fn drop_equal_rates(rungs: &mut Vec<ResolvedRung>) {
    let all = rungs.clone();
    rungs.retain(|rung| {
        !all.iter().any(|other| {
            other.codec == rung.codec
                && other.max_bitrate == rung.max_bitrate
                && other.resolution.height < rung.resolution.height
        })
    });
}

/// Level times ten, greatest rate of luma samples (HEVC) or macroblocks (AVC), greatest picture, greatest bit rate in kbit/s.
type LevelLimits = (u32, u64, u64, u64);

/// ISO/IEC 14496-10, table A-1, with the bit rates of the High profile (1.25 × the base).
const AVC_LEVELS: [LevelLimits; 9] = [
    (30, 40_500, 1_620, 12_500),
    (31, 108_000, 3_600, 17_500),
    (32, 216_000, 5_120, 25_000),
    (40, 245_760, 8_192, 25_000),
    (41, 245_760, 8_192, 62_500),
    (42, 522_240, 8_704, 62_500),
    (50, 589_824, 22_080, 168_750),
    (51, 983_040, 36_864, 300_000),
    (52, 2_073_600, 36_864, 300_000),
];

/// ISO/IEC 23008-2, tables A.8 and A.9, main tier.
const HEVC_LEVELS: [LevelLimits; 7] = [
    (30, 16_588_800, 552_960, 6_000),
    (31, 33_177_600, 983_040, 10_000),
    (40, 66_846_720, 2_228_224, 12_000),
    (41, 133_693_440, 2_228_224, 20_000),
    (50, 267_386_880, 8_912_896, 25_000),
    (51, 534_773_760, 8_912_896, 40_000),
    (52, 1_069_547_520, 8_912_896, 60_000),
];

/// The lowest level, times ten, that allows a picture size, frame rate and bit rate; the highest one if none does.
fn lowest_level(
    codec: VideoCodec,
    resolution: Resolution,
    frame_rate: FrameRate,
    rate: BitsPerSecond,
) -> u32 {
    let (w, h) = (u64::from(resolution.width), u64::from(resolution.height));
    let (picture, rows): (u64, &[LevelLimits]) = match codec {
        VideoCodec::H264 => (w.div_ceil(16) * h.div_ceil(16), &AVC_LEVELS),
        VideoCodec::H265 => (w * h, &HEVC_LEVELS),
    };
    let per_second = (picture * u64::from(frame_rate.num())).div_ceil(u64::from(frame_rate.den()));
    let kbits = rate.0.div_ceil(1_000);
    let fits = |row: &&LevelLimits| per_second <= row.1 && picture <= row.2 && kbits <= row.3;
    rows.iter()
        .find(fits)
        .or(rows.last())
        .map_or(52, |row| row.0)
}

#[cfg(test)]
mod tests;
