//! Profiles and ladders: the named, versioned data files that say how a title is encoded, and their resolution for one source.

mod levels;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::sha256_hex;
use crate::time::FrameRate;
use crate::units::{BitsPerSecond, Resolution};

/// A video codec of a rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VideoCodec {
    /// H.264 / AVC (ISO/IEC 14496-10).
    H264,
    /// H.265 / HEVC (ISO/IEC 23008-2).
    H265,
}

impl VideoCodec {
    /// The name in paths.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::H265 => "h265",
        }
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
    /// Exclude rungs above this peak bit rate.
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
    /// Name of the file, by which a deployment chooses it.
    pub name: String,
    /// Human label such as `v1.0`; an alias that decides nothing.
    pub label: String,
    /// Durations, in milliseconds of the nominal frame rate.
    pub timing: Timing,
    /// Settings common to all rungs of a codec.
    pub codecs: BTreeMap<VideoCodec, CodecSettings>,
    /// The ladder, best first within each codec.
    pub rungs: Vec<Rung>,
    /// Every audio rendition.
    pub audio: AudioSettings,
}

/// Durations of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// Duration of a segment.
    pub segment_ms: u64,
    /// Greatest distance of two IDR pictures; divides the segment.
    pub gop_ms: u64,
    /// Duration of a chunk aimed at; a whole number of segments.
    pub chunk_ms: u64,
    /// Frame rates above this are halved until they are not.
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
    /// Threads of one encoder. Part of the settings because the bytes depend on it.
    pub threads: u32,
    /// What replaces profile and pixel format where the source has more than eight bits; absent where eight are enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deep: Option<DeepSettings>,
}

/// Settings of a codec for sources of more than eight bits. A codec that has them carries HDR through; one that has not is
/// tone-mapped to SDR.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeepSettings {
    /// Codec profile, for example `main10`.
    pub profile: String,
    /// Pixel format of the encode, for example `yuv420p10le`.
    pub pixel_format: String,
}

/// Dynamic range of a picture, by its transfer function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum VideoRange {
    /// Standard.
    #[default]
    Sdr,
    /// HDR by the perceptual quantizer (SMPTE ST 2084), as HDR10.
    Pq,
    /// HDR by hybrid log-gamma (ARIB STD-B67).
    Hlg,
}

impl VideoRange {
    /// `VIDEO-RANGE` in a playlist.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sdr => "SDR",
            Self::Pq => "PQ",
            Self::Hlg => "HLG",
        }
    }
}

/// One rung of the ladder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// Name such as `1080p`.
    pub name: String,
    /// Codec.
    pub codec: VideoCodec,
    /// Width of the box the picture is fitted into.
    pub width: u32,
    /// Height of the box.
    pub height: u32,
    /// Cap of the rate.
    pub max_bitrate: BitsPerSecond,
    /// Constant rate factor: the quality aimed at below the cap.
    pub crf: f64,
}

/// Settings of audio renditions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AudioSettings {
    /// AAC-LC bit rate of stereo.
    pub bitrate: BitsPerSecond,
    /// AAC-LC bit rate of the 5.1 mix that is kept beside stereo where the source has one; none is kept where absent.
    #[serde(default)]
    pub surround_bitrate: Option<BitsPerSecond>,
    /// Samples per second.
    pub sample_rate: u32,
    /// Integrated loudness aimed at (EBU R 128), in LUFS.
    pub loudness_lufs: f64,
    /// Highest true peak, in dBTP.
    pub true_peak_dbtp: f64,
}

impl AudioSettings {
    /// Bit rate of a mix of that many channels.
    #[must_use]
    pub fn bitrate_of(&self, channels: u32) -> BitsPerSecond {
        let surround = self.surround_bitrate.filter(|_| channels > 2);
        surround.unwrap_or(self.bitrate)
    }
}

/// A rung resolved for one source: everything the encoder is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResolvedRung {
    /// Name such as `1080p`.
    pub name: String,
    /// Codec.
    pub codec: VideoCodec,
    /// Picture size, even, in square pixels.
    pub resolution: Resolution,
    /// Cap of the rate.
    pub max_bitrate: BitsPerSecond,
    /// Size of the decoder buffer (VBV) in bits.
    pub buffer_bits: u64,
    /// Constant rate factor.
    pub crf: f64,
    /// Level times ten, for example 40 for 4.0.
    pub level: u32,
    /// Encoder settings of the codec.
    pub settings: CodecSettings,
    /// Dynamic range of the rung: the source's where the codec is deep enough for it, else SDR.
    #[serde(default)]
    pub range: VideoRange,
}

impl ResolvedRung {
    /// The same rung for a source of some dynamic range and depth.
    #[must_use]
    pub fn carrying(mut self, range: VideoRange, bit_depth: u8) -> Self {
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
    #[must_use]
    pub fn path(&self) -> String {
        format!("video/{}_{}", self.codec.as_str(), self.name)
    }
}

/// A profile that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// There is no profile of that name.
    #[error("expected a profile named one of {known}, found {name:?}")]
    Unknown {
        /// What was asked.
        name: String,
        /// What there is.
        known: String,
    },
    /// The file is not a profile.
    #[error("profile {name}: {detail}")]
    Malformed {
        /// The file.
        name: String,
        /// What is wrong with it.
        detail: String,
    },
}

const FILES: [(&str, &str); 3] = [
    ("default", include_str!("../ladders/default.yaml")),
    ("draft", include_str!("../ladders/draft.yaml")),
    ("preview", include_str!("../ladders/preview.yaml")),
];

impl Profile {
    /// A profile that ships with reelsmith, by name.
    ///
    /// # Errors
    /// Where there is none of that name, or its file is malformed.
    pub fn named(name: &str) -> Result<Self, ProfileError> {
        let (_, text) = FILES
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or_else(|| ProfileError::Unknown {
                name: name.to_owned(),
                known: FILES.map(|(known, _)| known).join(", "),
            })?;
        Self::from_yaml(name, text)
    }

    /// Reads and checks a profile file.
    ///
    /// # Errors
    /// Where it is not YAML of the right shape, or its durations do not divide.
    pub fn from_yaml(name: &str, text: &str) -> Result<Self, ProfileError> {
        let malformed = |detail: String| ProfileError::Malformed {
            name: name.to_owned(),
            detail,
        };
        let profile: Self = serde_norway::from_str(text).map_err(|e| malformed(e.to_string()))?;
        profile.check().map_err(malformed)?;
        Ok(profile)
    }

    fn check(&self) -> Result<(), String> {
        let t = &self.timing;
        if t.gop_ms == 0 || !t.segment_ms.is_multiple_of(t.gop_ms) {
            return Err(format!(
                "expected gop_ms to divide segment_ms {}, found {}",
                t.segment_ms, t.gop_ms
            ));
        }
        if t.chunk_ms == 0 || !t.chunk_ms.is_multiple_of(t.segment_ms) {
            return Err(format!(
                "expected chunk_ms to be a multiple of segment_ms {}, found {}",
                t.segment_ms, t.chunk_ms
            ));
        }
        if let Some(rung) = self
            .rungs
            .iter()
            .find(|r| !self.codecs.contains_key(&r.codec))
        {
            return Err(format!(
                "expected codecs to have {}, which rung {} uses",
                rung.codec.as_str(),
                rung.name
            ));
        }
        if !self.rungs.iter().any(|r| r.codec == VideoCodec::H264) {
            return Err("expected at least one h264 rung".to_owned());
        }
        Ok(())
    }

    /// The same ladder at the fastest preset of every codec, for placeholders.
    #[must_use]
    pub fn fastest(mut self) -> Self {
        for settings in self.codecs.values_mut() {
            "ultrafast".clone_into(&mut settings.preset);
        }
        self
    }

    /// Hash of every setting that decides bytes, and of the encoder build. Name and label are left out: they are aliases.
    #[must_use]
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

    /// The rungs for a source: never upscaled, aspect kept, even sizes, rungs above the source left out, caps respected.
    ///
    /// Where every rung is above the source, the smallest H.264 rung is encoded at the source's own size.
    #[must_use]
    pub fn resolve(
        &self,
        source: Resolution,
        frame_rate: FrameRate,
        options: &OutputOptions,
    ) -> Vec<ResolvedRung> {
        let wanted = |rung: &&Rung| options.h265 || rung.codec != VideoCodec::H265;
        let mut resolved: Vec<ResolvedRung> = self
            .rungs
            .iter()
            .filter(wanted)
            .filter_map(|rung| {
                let resolution = fit(source, rung)?;
                Some(self.resolved(rung, rung.name.clone(), resolution, frame_rate, options))
            })
            .collect();
        if resolved.is_empty() {
            resolved.extend(self.at_source_size(source, frame_rate, options));
        }
        drop_crowded(&mut resolved);
        resolved
    }

    fn at_source_size(
        &self,
        source: Resolution,
        frame_rate: FrameRate,
        options: &OutputOptions,
    ) -> Option<ResolvedRung> {
        let h264 = self.rungs.iter().filter(|r| r.codec == VideoCodec::H264);
        let smallest = h264.min_by_key(|r| r.height)?;
        let resolution = Resolution {
            width: even(source.width),
            height: even(source.height),
        };
        let name = format!("{}p", resolution.height);
        Some(self.resolved(smallest, name, resolution, frame_rate, options))
    }

    fn resolved(
        &self,
        rung: &Rung,
        name: String,
        resolution: Resolution,
        frame_rate: FrameRate,
        options: &OutputOptions,
    ) -> ResolvedRung {
        let cap = options.max_bitrate.unwrap_or(BitsPerSecond(u64::MAX));
        let max_bitrate = rung.max_bitrate.min(cap);
        ResolvedRung {
            name,
            codec: rung.codec,
            resolution,
            max_bitrate,
            buffer_bits: max_bitrate.0 * 3 / 2,
            crf: rung.crf,
            level: levels::level(rung.codec, resolution, frame_rate, max_bitrate),
            settings: self.codecs[&rung.codec].clone(),
            range: VideoRange::Sdr,
        }
    }
}

/// A rung whose box is at most this much larger than the source is kept at the source's size rather than dropped.
const NEAR_PERCENT: u64 = 110;

/// The size of a source in a rung's box, or `None` where that would be upscaling.
fn fit(source: Resolution, rung: &Rung) -> Option<Resolution> {
    let portrait = source.height > source.width;
    let (box_w, box_h) = if portrait {
        (rung.height, rung.width)
    } else {
        (rung.width, rung.height)
    };
    let (sw, sh) = (u64::from(source.width), u64::from(source.height));
    let (bw, bh) = (u64::from(box_w), u64::from(box_h));
    // The box binds on the side where it is relatively smaller; the fraction num/den is the scale.
    let (num, den) = if bw * sh <= bh * sw {
        (bw, sw)
    } else {
        (bh, sh)
    };
    if num * 100 > den * NEAR_PERCENT {
        return None;
    }
    let (num, den) = if num > den { (1, 1) } else { (num, den) };
    // To the nearest even number, but never past the source: 853.3 becomes 854, as every 480p ladder has it.
    let scale = |side: u64| {
        let nearest = u32::try_from((side * num + den) / (2 * den) * 2).unwrap_or(u32::MAX);
        nearest.clamp(2, even(u32::try_from(side).unwrap_or(u32::MAX)))
    };
    Some(Resolution {
        width: scale(sw),
        height: scale(sh),
    })
}

/// The even number at or below, at least two: 4:2:0 has no odd sizes.
fn even(side: u32) -> u32 {
    (side & !1).max(2)
}

/// Where a cap makes rungs of one codec equal in rate, the smaller picture serves that rate better: the larger is dropped.
fn drop_crowded(rungs: &mut Vec<ResolvedRung>) {
    let all = rungs.clone();
    rungs.retain(|rung| {
        !all.iter().any(|other| {
            other.codec == rung.codec
                && other.max_bitrate == rung.max_bitrate
                && other.resolution.height < rung.resolution.height
        })
    });
}

#[cfg(test)]
mod tests;
