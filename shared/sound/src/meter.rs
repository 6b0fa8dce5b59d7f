//! Integrated loudness (ITU-R BS.1770-4) and true peak.

use std::f64::consts::PI;

use crate::filter::Section;

/// Hops of 100 ms in a second; a block has four of them.
const HOPS: u64 = 10;
const BLOCK: usize = 4;
/// Blocks below this loudness do not count.
const GATE_LUFS: f64 = -70.0;
/// Blocks that far below the mean of the others do not count.
const RELATIVE_GATE_LU: f64 = 10.0;
/// Weight of a surround channel.
const SURROUND_WEIGHT: f64 = 1.41;

/// Positions between two samples at which the true peak is measured, and the samples that each one depends on.
const PHASES: usize = 3;
const TAPS: usize = 12;
/// Samples lower than this part of the highest peak so far are not interpolated.
const NEAR_PEAK: f32 = 0.6;

/// Measures a track while it is decoded.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    channels: Vec<Channel>,
    /// Samples of a hop.
    hop: u64,
    /// Samples in the current hop so far.
    filled: u64,
    /// Weighted sum of squares of each complete hop.
    hops: Vec<f64>,
    interpolation: [[f32; TAPS]; PHASES],
    peak: f32,
}

#[derive(Clone, Debug)]
struct Channel {
    weight: f64,
    filter: [Section; 2],
    sum: f64,
    /// The last samples, for interpolation.
    recent: Vec<f32>,
}

impl Meter {
    pub(crate) fn new(channels: usize, rate: u32) -> Self {
        let weight = |n: usize| match (channels, n) {
            (6, 3) => 0.0,
            (6, 4 | 5) => SURROUND_WEIGHT,
            _ => 1.0,
        };
        let channel = |n| Channel {
            weight: weight(n),
            filter: k_weighting(f64::from(rate)),
            sum: 0.0,
            recent: vec![0.0; TAPS - 1],
        };
        Self {
            channels: (0..channels).map(channel).collect(),
            hop: (u64::from(rate) / HOPS).max(1),
            filled: 0,
            hops: Vec::new(),
            interpolation: interpolation(),
            peak: 0.0,
        }
    }

    /// Adds samples: one slice of equal length for each channel.
    pub(crate) fn add(&mut self, block: &[Vec<f32>]) {
        for (channel, samples) in self.channels.iter_mut().zip(block) {
            self.peak = channel.peak(samples, &self.interpolation, self.peak);
        }
        let length = block.first().map_or(0, Vec::len);
        let mut from = 0;
        while from < length {
            let due = usize::try_from(self.hop - self.filled).unwrap_or(usize::MAX);
            let to = length.min(from.saturating_add(due));
            for (channel, samples) in self.channels.iter_mut().zip(block) {
                channel.weigh(samples.get(from..to).unwrap_or_default());
            }
            self.filled += (to - from) as u64;
            from = to;
            if self.filled >= self.hop {
                let sums = self.channels.iter_mut();
                let sum = sums.map(|c| c.weight * std::mem::take(&mut c.sum)).sum();
                self.hops.push(sum);
                self.filled = 0;
            }
        }
    }

    /// Integrated loudness in LUFS; `None` for silence.
    pub(crate) fn integrated(&self) -> Option<f64> {
        let samples = (self.hop * BLOCK as u64) as f64;
        let blocks = self.hops.windows(BLOCK);
        let blocks: Vec<f64> = blocks.map(|b| b.iter().sum::<f64>() / samples).collect();
        let absolute = power(GATE_LUFS);
        let mean = mean_above(&blocks, absolute)?;
        let relative = mean * 10f64.powf(-RELATIVE_GATE_LU / 10.0);
        Some(lufs(mean_above(&blocks, relative.max(absolute))?))
    }

    /// True peak in dBTP; `None` for silence.
    pub(crate) fn true_peak(&self) -> Option<f64> {
        (self.peak > 0.0).then(|| 20.0 * f64::from(self.peak).log10())
    }
}

impl Channel {
    fn weigh(&mut self, samples: &[f32]) {
        let [shelf, high_pass] = &mut self.filter;
        let weighted = samples.iter().map(|sample| {
            let weighted = high_pass.process(shelf.process(f64::from(*sample)));
            weighted * weighted
        });
        self.sum += weighted.sum::<f64>();
    }

    /// The highest of `peak` and the peaks of the samples, which follow the recent ones.
    fn peak(&mut self, samples: &[f32], phases: &[[f32; TAPS]; PHASES], mut peak: f32) -> f32 {
        self.recent.extend_from_slice(samples);
        for window in self.recent.windows(TAPS) {
            let Some(window) = window.first_chunk::<TAPS>() else {
                break;
            };
            let (left, right) = (window[TAPS / 2 - 1].abs(), window[TAPS / 2].abs());
            peak = peak.max(left);
            if left.max(right) < NEAR_PEAK * peak {
                continue;
            }
            for phase in phases {
                let between: f32 = phase.iter().zip(window).map(|(a, b)| a * b).sum();
                peak = peak.max(between.abs());
            }
        }
        let kept = self.recent.len().saturating_sub(TAPS - 1);
        self.recent.drain(..kept);
        peak
    }
}

fn power(lufs: f64) -> f64 {
    10f64.powf((lufs + 0.691) / 10.0)
}

fn lufs(power: f64) -> f64 {
    10.0 * power.log10() - 0.691
}

fn mean_above(blocks: &[f64], gate: f64) -> Option<f64> {
    let loud = blocks.iter().filter(|b| **b > gate);
    let (count, sum) = loud.fold((0.0, 0.0), |(n, sum), b| (n + 1.0, sum + b));
    (count > 0.0).then(|| sum / count)
}

/// The two filters of BS.1770-4, annex 1, for any rate: a shelf for the head, and a high-pass filter.
fn k_weighting(rate: f64) -> [Section; 2] {
    let k = (PI * 1_681.974_450_955_533 / rate).tan();
    let q = 0.707_175_236_955_419_6;
    let high = 10f64.powf(3.999_843_853_973_347 / 20.0);
    let band = high.powf(0.499_666_774_154_541_6);
    let shelf = Section::new(
        [
            high + band * k / q + k * k,
            2.0 * (k * k - high),
            high - band * k / q + k * k,
        ],
        [
            1.0 + k / q + k * k,
            2.0 * (k * k - 1.0),
            1.0 - k / q + k * k,
        ],
    );
    let k = (PI * 38.135_470_876_024_44 / rate).tan();
    let q = 0.500_327_037_323_877_3;
    let first = 1.0 + k / q + k * k;
    let high_pass = Section::new(
        [first, -2.0 * first, first],
        [first, 2.0 * (k * k - 1.0), 1.0 - k / q + k * k],
    );
    [shelf, high_pass]
}

/// Factors for a value at each quarter between the two middle samples.
fn interpolation() -> [[f32; TAPS]; PHASES] {
    let mut phases = [[0.0; TAPS]; PHASES];
    for (n, phase) in phases.iter_mut().enumerate() {
        let at = (TAPS / 2 - 1) as f64 + (n + 1) as f64 / (PHASES + 1) as f64;
        for (tap, factor) in phase.iter_mut().enumerate() {
            let distance = tap as f64 - at;
            let window = (PI * distance / TAPS as f64).cos();
            *factor = ((PI * distance).sin() / (PI * distance) * window * window) as f32;
        }
    }
    phases
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(channels: usize, hertz: f64, level: f64, rate: u32) -> Meter {
        let mut meter = Meter::new(channels, rate);
        let amplitude = 10f64.powf(level / 20.0);
        let phase = |n: u32| 2.0 * PI * hertz * f64::from(n) / f64::from(rate) + PI / 4.0;
        let tone: Vec<f32> = (0..rate * 5)
            .map(|n| (amplitude * phase(n).sin()) as f32)
            .collect();
        for part in tone.chunks(1_000) {
            meter.add(&vec![part.to_vec(); channels]);
        }
        meter
    }

    #[test]
    fn a_tone_has_the_loudness_of_the_recommendation() {
        // EBU Tech 3341, case 1: a stereo tone of 1,000 Hz at -23 dBFS has -23 LUFS.
        for rate in [44_100, 48_000] {
            let meter = measured(2, 1_000.0, -23.0, rate);
            let lufs = meter.integrated().unwrap();
            assert!((lufs + 23.0).abs() < 0.1, "{rate}: {lufs}");
        }
        assert_eq!(Meter::new(2, 48_000).integrated(), None);
    }

    #[test]
    fn the_peak_between_samples_is_measured() {
        // A quarter of the rate, with samples at 45 degrees: they are 3 dB below the peak.
        let meter = measured(1, 12_000.0, -6.0, 48_000);
        let peak = meter.true_peak().unwrap();
        assert!((peak + 6.0).abs() < 0.3, "{peak}");
        assert_eq!(Meter::new(1, 48_000).true_peak(), None);
    }
}
