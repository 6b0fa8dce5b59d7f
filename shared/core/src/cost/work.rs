//! How much work an encode is: the measured half of the model, `shared/core/prices/work.yaml`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ladder::{ResolvedRung, VideoCodec};
use crate::time::FrameRate;
use crate::units::{Bytes, Resolution};

/// A preset of the encoders, fastest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    Ultrafast,
    Superfast,
    Veryfast,
    Faster,
    Fast,
    Medium,
    Slow,
    Slower,
}

impl Preset {
    /// The preset of a name. An unknown name counts as the slowest preset, so that a cost cap is not exceeded.
    pub fn of(name: &str) -> Self {
        serde_norway::from_str(name).unwrap_or(Self::Slower)
    }
}

/// Memory and /tmp of a function, as in its `function.yaml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Memory in MB (2^20 bytes, as Lambda counts).
    pub memory_mb: u32,
    pub tmp_mb: u32,
}

/// Measured figures of the work. The comments in the file explain them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkFigures {
    /// The day of the measurement, `YYYY-MM-DD`.
    pub measured: String,
    pub encode_ms_per_megapixel: BTreeMap<VideoCodec, BTreeMap<Preset, f64>>,
    pub decode_ms_per_megapixel: f64,
    pub scale_ms_per_megapixel: f64,
    pub lead_in_ms: f64,
    pub audio_mix_s_per_s: f64,
    pub audio_encode_s_per_s: f64,
    pub audio_measure_s_per_s: f64,
    pub thumbnail_s: f64,
    pub bytes_per_second: f64,
    pub spent_of_cap: f64,
    pub invocation_s: f64,
    pub mb_per_vcpu: f64,
    /// Sizes of the large functions, by name in snake case.
    pub functions: BTreeMap<String, Sizes>,
}

impl WorkFigures {
    /// The figures that ship with reelsmith.
    pub fn measured() -> Self {
        super::built_in(include_str!("../../prices/work.yaml"))
    }

    /// Sizes of a function; small ones if the file does not name it.
    pub fn size(&self, function: &str) -> Sizes {
        let small = Sizes {
            memory_mb: 512,
            tmp_mb: 512,
        };
        self.functions.get(function).copied().unwrap_or(small)
    }

    /// Seconds of one thread for a frame of a rung: scaling and encoding.
    pub fn frame_seconds(&self, rung: &ResolvedRung) -> f64 {
        let preset = Preset::of(&rung.settings.preset);
        let by_preset = self.encode_ms_per_megapixel.get(&rung.codec);
        let encode = by_preset.and_then(|p| p.get(&preset)).copied();
        let per_megapixel = encode.unwrap_or_default() + self.scale_ms_per_megapixel;
        per_megapixel * megapixels(rung.resolution) / 1e3
    }

    /// Wall seconds of a worker for an audio track of some seconds, for which it reads `sound` bytes.
    pub fn audio_seconds(&self, seconds: f64, sound: Bytes) -> f64 {
        let vcpus = f64::from(self.size("encode_audio").memory_mb) / self.mb_per_vcpu;
        let meters = vcpus.clamp(1.0, METERS);
        let mix = self.audio_mix_s_per_s * seconds;
        let read = sound.0 as f64 / self.bytes_per_second;
        mix.max(read) + (self.audio_encode_s_per_s + self.audio_measure_s_per_s / meters) * seconds
    }

    /// Average bytes of a rung of some seconds.
    pub fn bytes_of(&self, rung: &ResolvedRung, seconds: f64) -> f64 {
        rung.max_bitrate.0 as f64 * self.spent_of_cap / 8.0 * seconds
    }

    /// Seconds of one thread to decode a frame of a source; 0 for audio alone.
    pub fn decode_seconds(&self, source: Option<Resolution>) -> f64 {
        self.decode_ms_per_megapixel * source.map_or(0.0, megapixels) / 1e3
    }

    /// Wall seconds of one worker for some frames at the rungs of a group. The worker decodes once, in parallel with the
    /// encoding if it has a second vCPU. ffmpeg passes each frame to one encoder after the other, and each encoder has
    /// `threads` threads.
    pub fn group_seconds(
        &self,
        rungs: &[&ResolvedRung],
        source: Option<Resolution>,
        frames: f64,
        lead_in: f64,
    ) -> f64 {
        let vcpus = f64::from(self.size("transcode_chunk").memory_mb) / self.mb_per_vcpu;
        let decode = self.decode_seconds(source);
        let encode: f64 = rungs.iter().map(|r| self.frame_seconds(r)).sum();
        let threads = |r: &ResolvedRung| f64::from(r.settings.threads.max(1));
        let in_turn: f64 = rungs
            .iter()
            .map(|r| self.frame_seconds(r) / threads(r))
            .sum();
        let shared = (decode + encode) / vcpus.max(1e-3);
        frames * in_turn.max(decode).max(shared) + lead_in * decode + self.invocation_s
    }

    /// Frames that are decoded before the first frame of a chunk.
    pub fn lead_in_frames(&self, rate: FrameRate) -> f64 {
        self.lead_in_ms / 1e3 * f64::from(rate.num()) / f64::from(rate.den())
    }
}

/// Most loudness meters that measure a track in parallel.
const METERS: f64 = 3.0;

fn megapixels(size: Resolution) -> f64 {
    f64::from(size.width) * f64::from(size.height) / 1e6
}
