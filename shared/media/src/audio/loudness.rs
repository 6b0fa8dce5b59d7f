//! Loudness by EBU R 128: measurements, the constant gain that corrects them, and a measurement of a long track by several
//! meters at once.
//!
//! Integrated loudness is a mean over blocks of 400 ms, each 100 ms after the previous one, that pass two gates
//! (ITU-R BS.1770-4, annex 1). A block depends on nothing before it except filters that settle at once. So each meter
//! measures its own slice of the track, and the gates are applied to the blocks of all slices. The result is that of one
//! meter.

use std::ops::Range;

use reelsmith_core::ladder::AudioSettings;

use crate::error::MediaError;
use crate::process::Activity;

/// Tracks below this loudness are not normalised: room tone raised by more than 40 dB is hiss. The meter's own gate is at
/// -70 LUFS (ITU-R BS.1770).
const SILENCE_LUFS: f64 = -60.0;
/// Accepted deviation from the target loudness; the meter prints tenths.
const TOLERANCE_LU: f64 = 0.2;
/// Accepted excess over the true-peak ceiling.
const TOLERANCE_DB: f64 = 0.1;
/// Margin below the ceiling at first, for the peaks that the codec adds and those between samples.
const HEADROOM_DB: f64 = 1.0;
/// The lowest ceiling of the limiter; stronger limiting would distort the mix.
const MIN_CEILING_DB: f64 = -9.0;
/// Greatest gain. Without it, a track of clicks in silence would be raised and limited to the loudness of speech.
const MAX_GAIN_DB: f64 = 50.0;

/// A measurement of the loudness meter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoudnessMeasurement {
    /// Integrated loudness in LUFS; `None` if the track is silent or nearly so.
    pub lufs: Option<f64>,
    /// True peak in dBTP; `None` if the track is silent.
    pub peak_dbtp: Option<f64>,
}

impl LoudnessMeasurement {
    /// Parses the last summary that ffmpeg's meter prints; `None` if there is none.
    pub(super) fn read(stderr: &str) -> Option<Self> {
        let (_, summary) = stderr.rsplit_once("Summary:")?;
        let value = |label: &str| -> Option<f64> {
            let line = summary.lines().find_map(|l| l.trim().strip_prefix(label))?;
            line.split_ascii_whitespace().next()?.parse().ok()
        };
        Some(Self::new(Some(value("I:")?), value("Peak:")))
    }

    /// A measurement without the loudness of near silence and without infinite peaks.
    pub(super) fn new(lufs: Option<f64>, peak_dbtp: Option<f64>) -> Self {
        Self {
            lufs: lufs.filter(|l| *l > SILENCE_LUFS).map(hundredths),
            peak_dbtp: peak_dbtp.filter(|p| p.is_finite()),
        }
    }
}

/// The level correction of an encode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correction {
    /// Constant gain in dB; 0 for a silent track.
    pub gain_db: f64,
    /// Ceiling in dBFS of a limiter after the gain, if one is needed.
    pub limit_db: Option<f64>,
}

impl Correction {
    /// One gain for the whole track, which preserves its dynamics, and a limiter only if peaks would exceed the ceiling.
    pub fn new(settings: &AudioSettings, source: LoudnessMeasurement) -> Self {
        let gain_db = source.lufs.map_or(0.0, |l| settings.loudness_lufs - l);
        let gain_db = hundredths(gain_db.min(MAX_GAIN_DB));
        let peak = source.peak_dbtp.unwrap_or(f64::NEG_INFINITY) + gain_db;
        let over = peak > settings.true_peak_dbtp - HEADROOM_DB;
        Self {
            gain_db,
            limit_db: over.then_some(settings.true_peak_dbtp - HEADROOM_DB),
        }
    }

    /// Adds the gain by which the limited mix is below the target.
    pub(super) fn with_makeup_gain(
        self,
        settings: &AudioSettings,
        limited: LoudnessMeasurement,
    ) -> Self {
        let short = limited.lufs.map_or(0.0, |l| settings.loudness_lufs - l);
        Self {
            gain_db: hundredths((self.gain_db + short).min(MAX_GAIN_DB)),
            ..self
        }
    }

    /// The correction for another encode, given the measurement of this one.
    pub(super) fn refined(self, settings: &AudioSettings, result: LoudnessMeasurement) -> Self {
        let over = result
            .peak_dbtp
            .map_or(0.0, |p| p - settings.true_peak_dbtp);
        let ceiling = self
            .limit_db
            .unwrap_or(settings.true_peak_dbtp - HEADROOM_DB / 2.0);
        let lower = hundredths((ceiling - over).max(MIN_CEILING_DB));
        Self {
            limit_db: if over > TOLERANCE_DB {
                Some(lower)
            } else {
                self.limit_db
            },
            ..self.with_makeup_gain(settings, result)
        }
    }

    /// Weighted deviation of an encode from target and ceiling; 0 if it is within the tolerances.
    pub(super) fn deviation(self, settings: &AudioSettings, result: LoudnessMeasurement) -> f64 {
        let Some(lufs) = result.lufs.filter(|_| self.gain_db != 0.0) else {
            return 0.0;
        };
        let off = (lufs - settings.loudness_lufs).abs();
        let over = result
            .peak_dbtp
            .map_or(0.0, |p| p - settings.true_peak_dbtp);
        // Listeners notice loudness more than peaks, so it has more weight.
        (if off > TOLERANCE_LU { off * 4.0 } else { 0.0 })
            + (if over > TOLERANCE_DB { over } else { 0.0 })
    }
}

/// Rounds to a hundredth, the precision of the command line and of the record.
fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Hops of 100 ms in a second.
pub(super) const HOPS: u64 = 10;
/// A meter starts one second before its slice: longer than a block and than its filters and a limiter need to settle.
pub(super) const LEAD: u64 = HOPS;
/// Shortest slice in hops; on less, starting another meter takes longer than it saves.
const MIN_SLICE: u64 = 60 * HOPS;
/// Limit of slices: more meters than processors would wait for each other. The cost model assumes the same limit.
const MAX_SLICES: u64 = 3;
/// Hops per block.
const BLOCK: usize = 4;

/// Splits a track of `hops` into equal slices, in order; the last one has no end.
pub(super) fn slices(hops: u64) -> Vec<Range<u64>> {
    let count = (hops / MIN_SLICE).clamp(1, MAX_SLICES);
    let bound = |n: u64| hops * n / count;
    let mut slices: Vec<_> = (0..count).map(|n| bound(n)..bound(n + 1)).collect();
    if let Some(last) = slices.last_mut() {
        last.end = u64::MAX;
    }
    slices
}

/// Collects the values that a meter prints for each hop.
#[derive(Debug, Default)]
pub(super) struct MeterOutput {
    /// The hop whose value comes next.
    hop: Option<u64>,
    /// Momentary loudness in LUFS of the block that ends with each hop.
    blocks: Vec<(u64, f64)>,
}

impl MeterOutput {
    /// Reads a line of ffmpeg's `ametadata`: a time, or a value.
    pub(super) fn read(&mut self, line: &str) -> Result<Activity, MediaError> {
        if let Some((_, time)) = line.split_once("pts_time:") {
            let seconds: Option<f64> = time.trim().parse().ok();
            self.hop = seconds.map(|s| (s * HOPS as f64).round().max(0.0) as u64);
        } else if let Some((hop, value)) = self.hop.zip(line.strip_prefix("lavfi.r128.M=")) {
            self.blocks
                .extend(value.trim().parse().ok().map(|v| (hop, v)));
        }
        Ok(Activity::Progress)
    }

    /// The blocks that end in a slice; `None` unless each occurs once and in order.
    fn of(&self, slice: &Range<u64>) -> Option<Vec<f64>> {
        let own = self.blocks.iter().filter(|(hop, _)| slice.contains(hop));
        let (hops, blocks): (Vec<u64>, Vec<f64>) = own.copied().unzip();
        let complete = slice.end == u64::MAX || hops.len() as u64 == slice.end - slice.start;
        let in_order = (slice.start..).zip(&hops).all(|(due, hop)| due == *hop);
        (complete && in_order).then_some(blocks)
    }
}

/// Combines the measurements of all slices; `None` if a meter missed a part of its slice.
pub(super) fn combined(
    parts: &[(Range<u64>, MeterOutput, LoudnessMeasurement)],
) -> Option<LoudnessMeasurement> {
    let mut blocks = Vec::new();
    for (slice, output, _) in parts {
        // The first blocks of the track are incomplete.
        let from = if slice.start == 0 { BLOCK - 1 } else { 0 };
        blocks.extend(output.of(slice)?.into_iter().skip(from));
    }
    let peaks = parts.iter().filter_map(|(.., m)| m.peak_dbtp);
    Some(LoudnessMeasurement::new(
        integrated(&blocks),
        peaks.reduce(f64::max),
    ))
}

/// Blocks below this loudness in LUFS are ignored.
const ABSOLUTE_GATE: f64 = -70.0;
/// Blocks this far below the mean of the others are ignored, in LU.
const RELATIVE_GATE: f64 = -10.0;

/// Mean loudness of the blocks that pass both gates; `None` if none does.
fn integrated(blocks: &[f64]) -> Option<f64> {
    let mean = |gate: f64| {
        let passed = blocks.iter().filter(|b| **b >= gate);
        let (sum, count) = passed.fold((0.0, 0u32), |(sum, count), b| {
            (sum + 10f64.powf(b / 10.0), count + 1)
        });
        (count > 0).then(|| 10.0 * (sum / f64::from(count)).log10())
    };
    let ungated = mean(ABSOLUTE_GATE)?;
    mean(ABSOLUTE_GATE.max(ungated + RELATIVE_GATE))
}

#[cfg(test)]
mod tests {
    use reelsmith_core::units::BitsPerSecond;

    use super::*;

    fn settings() -> AudioSettings {
        AudioSettings {
            bitrate: BitsPerSecond(128_000),
            surround_bitrate: None,
            sample_rate: 48_000,
            loudness_lufs: -16.0,
            true_peak_dbtp: -1.0,
        }
    }

    fn measured(lufs: f64, peak: f64) -> LoudnessMeasurement {
        LoudnessMeasurement {
            lufs: Some(lufs),
            peak_dbtp: Some(peak),
        }
    }

    #[test]
    fn the_last_summary_is_used() {
        let text = "title : Summary:\n I: 5.0 LUFS\n[Parsed_ebur128_3 @ 0x1] Summary:\n\n  Integrated loudness:\n    I:         -22.9 LUFS\n    Threshold: -33.3 LUFS\n\n  True peak:\n    Peak:       -7.1 dBFS";
        let found = LoudnessMeasurement::read(text).unwrap();
        assert_eq!(found, measured(-22.9, -7.1));
        let correction = Correction::new(&settings(), found);
        assert_eq!((correction.gain_db, correction.limit_db), (6.9, Some(-2.0)));
        assert_eq!(LoudnessMeasurement::read("no such thing"), None);
    }

    #[test]
    fn silence_and_room_tone_are_not_amplified() {
        for text in [
            "Summary:\n I: -70.0 LUFS\n Peak: -inf dBFS",
            "Summary:\n I: -64.2 LUFS\n Peak: -50.0 dBFS",
        ] {
            let found = LoudnessMeasurement::read(text).unwrap();
            assert_eq!(found.lufs, None);
            let correction = Correction::new(&settings(), found);
            assert_eq!((correction.gain_db, correction.limit_db), (0.0, None));
            assert_eq!(correction.deviation(&settings(), found), 0.0);
        }
    }

    #[test]
    fn the_deviation_of_an_encode_is_corrected() {
        let first = Correction::new(&settings(), measured(-26.0, -8.0));
        let result = measured(-16.8, -0.4);
        assert!(first.deviation(&settings(), result) > 0.0);
        let second = first.refined(&settings(), result);
        assert_eq!((second.gain_db, second.limit_db), (10.8, Some(-2.6)));
        assert_eq!(second.deviation(&settings(), measured(-16.2, -1.0)), 0.0);
    }

    #[test]
    fn a_peak_added_by_the_codec_is_limited() {
        let first = Correction::new(&settings(), measured(-20.0, -7.0));
        assert_eq!(first.limit_db, None);
        let second = first.refined(&settings(), measured(-16.0, -0.5));
        assert_eq!(second.limit_db, Some(-2.0));
    }

    fn slice(
        slice: Range<u64>,
        blocks: &[f64],
        at: u64,
    ) -> (Range<u64>, MeterOutput, LoudnessMeasurement) {
        let mut output = MeterOutput::default();
        for (n, block) in (at..).zip(blocks) {
            let time = n as f64 / 10.0;
            output
                .read(&format!("frame:{n}    pts:0    pts_time:{time}"))
                .unwrap();
            output.read(&format!("lavfi.r128.M={block}")).unwrap();
        }
        (
            slice,
            output,
            LoudnessMeasurement::new(None, Some(-3.0 - at as f64)),
        )
    }

    #[test]
    fn slices_tile_the_track_and_the_last_has_no_end() {
        assert_eq!(slices(1_199).len(), 1);
        assert_eq!(slices(1_201), [0..600, 600..u64::MAX]);
        assert_eq!(
            slices(30_001),
            [0..10_000, 10_000..20_000, 20_000..u64::MAX]
        );
    }

    #[test]
    fn silence_and_quiet_parts_are_gated() {
        assert_eq!(integrated(&[-120.7; 9]), None);
        let loud = integrated(&[-20.0; 9]).unwrap();
        assert!((loud + 20.0).abs() < 1e-9);
        // Pauses do not lower the result; parts that are slightly quieter do.
        let paused = integrated(&[-20.0, -20.0, -45.0, -120.7]).unwrap();
        assert!((paused + 20.0).abs() < 1e-9, "{paused}");
        assert!(integrated(&[-20.0, -25.0]).unwrap() < -21.0);
    }

    #[test]
    fn slices_are_combined_to_one_measurement() {
        let parts = [
            slice(0..6, &[-120.7, -90.0, -21.0, -20.0, -20.0, -20.0], 0),
            slice(6..u64::MAX, &[-99.0, -10.0, -20.0, -20.0], 4),
        ];
        let all = combined(&parts).unwrap();
        assert_eq!((all.lufs, all.peak_dbtp), (Some(-20.0), Some(-3.0)));
    }

    #[test]
    fn an_incomplete_slice_gives_no_measurement() {
        let short = slice(0..6, &[-20.0; 5], 0);
        assert!(combined(&[short]).is_none());
        let late = slice(6..u64::MAX, &[-20.0; 5], 7);
        assert!(combined(&[slice(0..6, &[-20.0; 6], 0), late]).is_none());
    }
}
