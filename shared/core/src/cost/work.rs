//! What the work takes: the measured half of the model, `shared/core/prices/work.yaml`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ladder::{ResolvedRung, VideoCodec};
use crate::time::FrameRate;
use crate::units::{Bytes, Resolution};

/// A preset of the encoders, fastest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// `ultrafast`
    Ultrafast,
    /// `superfast`
    Superfast,
    /// `veryfast`
    Veryfast,
    /// `faster`
    Faster,
    /// `fast`
    Fast,
    /// `medium`
    Medium,
    /// `slow`
    Slow,
    /// `slower`, and what is slower still
    Slower,
}

impl Preset {
    /// The preset of a name; what is unknown counts as the slowest, so that a cap errs on the safe side.
    #[must_use]
    pub fn of(name: &str) -> Self {
        serde_norway::from_str(name).unwrap_or(Self::Slower)
    }
}

/// Memory and /tmp of a function, as `function.yaml` has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Memory in MB (2^20 bytes, as Lambda counts).
    pub memory_mb: u32,
    /// /tmp in MB.
    pub tmp_mb: u32,
}

/// The measured half of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// The day of the measurement, `YYYY-MM-DD`.
    pub measured: String,
    /// Milliseconds of one thread per million pixels of output.
    pub encode_ms_per_megapixel: BTreeMap<VideoCodec, BTreeMap<Preset, f64>>,
    /// Milliseconds per million pixels of the source.
    pub decode_ms_per_megapixel: f64,
    /// Milliseconds per million pixels of a scaled picture.
    pub scale_ms_per_megapixel: f64,
    /// Programme that a chunk decodes before its first frame, in milliseconds.
    pub lead_in_ms: f64,
    /// Processor seconds per second of programme to mix and measure one audio track.
    pub audio_mix_s_per_s: f64,
    /// Processor seconds per second of programme to encode it.
    pub audio_encode_s_per_s: f64,
    /// Processor seconds per second of programme to measure what was limited and what was encoded.
    pub audio_measure_s_per_s: f64,
    /// Seconds of make-images for one thumbnail.
    pub thumbnail_s: f64,
    /// Bytes per second of one pass over an object.
    pub bytes_per_second: f64,
    /// Part of a rung's cap that is spent on average, 0 to 1.
    pub spent_of_cap: f64,
    /// Seconds of an invocation besides its work.
    pub invocation_s: f64,
    /// Memory that comes with one vCPU, in MB.
    pub mb_per_vcpu: f64,
    /// Sizes of the functions that carry weight, by name in snake case.
    pub functions: BTreeMap<String, Sizes>,
}

impl Work {
    /// The figures that ship with reelsmith.
    ///
    /// # Panics
    /// Never: a test reads the file, which is part of the binary.
    #[must_use]
    pub fn measured() -> Self {
        #[expect(
            clippy::expect_used,
            reason = "the file is part of the binary, and a test reads it"
        )]
        serde_norway::from_str(include_str!("../../prices/work.yaml"))
            .expect("the figures that ship with reelsmith")
    }

    /// Sizes of a function; a small one where the file does not name it.
    #[must_use]
    pub fn size(&self, function: &str) -> Sizes {
        let small = Sizes {
            memory_mb: 512,
            tmp_mb: 512,
        };
        self.functions.get(function).copied().unwrap_or(small)
    }

    /// Seconds of one thread for a frame of a rung: scaling and encoding.
    #[must_use]
    pub fn frame_seconds(&self, rung: &ResolvedRung) -> f64 {
        let preset = Preset::of(&rung.settings.preset);
        let by_preset = self.encode_ms_per_megapixel.get(&rung.codec);
        let encode = by_preset.and_then(|p| p.get(&preset)).copied();
        let per_megapixel = encode.unwrap_or_default() + self.scale_ms_per_megapixel;
        per_megapixel * megapixels(rung.resolution) / 1e3
    }

    /// Wall seconds of a worker for so many seconds of an audio track, for which it reads so many bytes once.
    #[must_use]
    pub fn audio_seconds(&self, seconds: f64, sound: Bytes) -> f64 {
        let vcpus = f64::from(self.size("encode_audio").memory_mb) / self.mb_per_vcpu;
        let meters = vcpus.clamp(1.0, METERS);
        let mix = self.audio_mix_s_per_s * seconds;
        let read = sound.0 as f64 / self.bytes_per_second;
        mix.max(read) + (self.audio_encode_s_per_s + self.audio_measure_s_per_s / meters) * seconds
    }

    /// Bytes of a rung that lasts so long, on average.
    #[must_use]
    pub fn bytes_of(&self, rung: &ResolvedRung, seconds: f64) -> f64 {
        rung.max_bitrate.0 as f64 * self.spent_of_cap / 8.0 * seconds
    }

    /// Seconds of one thread to decode a frame of a source.
    #[must_use]
    pub fn decode_seconds(&self, source: Resolution) -> f64 {
        self.decode_ms_per_megapixel * megapixels(source) / 1e3
    }

    /// Wall seconds of one worker for frames of a group of rungs. It decodes once, beside the encoding where it has a second
    /// vCPU; ffmpeg hands a frame to one encoder after the other, each of which has `threads`.
    #[must_use]
    pub fn group_seconds(
        &self,
        rungs: &[&ResolvedRung],
        source: Resolution,
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

    /// Frames that are decoded before a chunk's first.
    #[must_use]
    pub fn lead_in_frames(&self, rate: FrameRate) -> f64 {
        self.lead_in_ms / 1e3 * f64::from(rate.num()) / f64::from(rate.den())
    }
}

/// Meters that hear a track side by side, at most.
const METERS: f64 = 3.0;

fn megapixels(size: Resolution) -> f64 {
    f64::from(size.width) * f64::from(size.height) / 1e6
}
