//! Loudness by EBU R 128: what was measured, and the constant gain that corrects it.

use reelsmith_core::ladder::AudioSettings;

/// Below this there is nothing to normalise: room tone raised by more than forty decibels is hiss. The meter's own gate
/// lets nothing through below -70 LUFS (ITU-R BS.1770).
const SILENCE_LUFS: f64 = -60.0;
/// A result this near the target is left as it is: the meter reads out tenths.
const NEAR_LU: f64 = 0.2;
/// A peak this far above the ceiling is left as it is.
const NEAR_DB: f64 = 0.1;
/// What the codec is expected to add to peaks, and what lies between samples: the first ceiling of the limiter is lower.
const HEADROOM_DB: f64 = 1.0;
/// The limiter's lowest ceiling: sound pressed further is not what the mixer made.
const LOWEST_CEILING_DB: f64 = -9.0;
/// Greatest gain. A track of clicks in silence would otherwise be pressed flat to be as loud as speech.
const MOST_GAIN_DB: f64 = 50.0;

/// What the meter found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Integrated loudness in LUFS; absent where the track is as good as silent.
    pub lufs: Option<f64>,
    /// True peak in dBTP; absent where the track is silent.
    pub peak_dbtp: Option<f64>,
}

impl Measured {
    /// Reads the summary that ffmpeg's meter writes last; `None` where there is none.
    pub(super) fn read(stderr: &str) -> Option<Self> {
        let (_, summary) = stderr.rsplit_once("Summary:")?;
        let value = |label: &str| -> Option<f64> {
            let line = summary.lines().find_map(|l| l.trim().strip_prefix(label))?;
            line.split_ascii_whitespace().next()?.parse().ok()
        };
        Some(Self::new(Some(value("I:")?), value("Peak:")))
    }

    /// What is worth telling of it.
    pub(super) fn new(lufs: Option<f64>, peak_dbtp: Option<f64>) -> Self {
        Self {
            lufs: lufs.filter(|l| *l > SILENCE_LUFS).map(hundredths),
            peak_dbtp: peak_dbtp.filter(|p| p.is_finite()),
        }
    }
}

/// What the encode does to the level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correction {
    /// Constant gain in dB; 0 for a silent track.
    pub gain_db: f64,
    /// Ceiling of a limiter after the gain in dBFS, where peaks have to be caught.
    pub limit_db: Option<f64>,
}

impl Correction {
    /// One gain for the whole track, so that its dynamics stay what they are; a limiter only where peaks would pass the
    /// ceiling.
    #[must_use]
    pub fn new(settings: &AudioSettings, source: Measured) -> Self {
        let gain_db = source.lufs.map_or(0.0, |l| settings.loudness_lufs - l);
        let gain_db = hundredths(gain_db.min(MOST_GAIN_DB));
        let peak = source.peak_dbtp.unwrap_or(f64::NEG_INFINITY) + gain_db;
        let over = peak > settings.true_peak_dbtp - HEADROOM_DB;
        Self {
            gain_db,
            limit_db: over.then_some(settings.true_peak_dbtp - HEADROOM_DB),
        }
    }

    /// With as much more gain as the limited mix is below the target.
    pub(super) fn made_up(self, settings: &AudioSettings, limited: Measured) -> Self {
        let short = limited.lufs.map_or(0.0, |l| settings.loudness_lufs - l);
        Self {
            gain_db: hundredths((self.gain_db + short).min(MOST_GAIN_DB)),
            ..self
        }
    }

    /// Corrected by what an encode of it missed.
    pub(super) fn corrected(self, settings: &AudioSettings, result: Measured) -> Self {
        let over = result
            .peak_dbtp
            .map_or(0.0, |p| p - settings.true_peak_dbtp);
        let ceiling = self
            .limit_db
            .unwrap_or(settings.true_peak_dbtp - HEADROOM_DB / 2.0);
        let lower = hundredths((ceiling - over).max(LOWEST_CEILING_DB));
        Self {
            limit_db: if over > NEAR_DB {
                Some(lower)
            } else {
                self.limit_db
            },
            ..self.made_up(settings, result)
        }
    }

    /// How far an encode of it is from where it should be; 0 where it is near enough.
    pub(super) fn miss(self, settings: &AudioSettings, result: Measured) -> f64 {
        let Some(lufs) = result.lufs.filter(|_| self.gain_db != 0.0) else {
            return 0.0;
        };
        let off = (lufs - settings.loudness_lufs).abs();
        let over = result
            .peak_dbtp
            .map_or(0.0, |p| p - settings.true_peak_dbtp);
        // Loudness is what listeners hear, so it counts for more.
        (if off > NEAR_LU { off * 4.0 } else { 0.0 }) + (if over > NEAR_DB { over } else { 0.0 })
    }
}

/// To a hundredth, as it goes to the encoder and into the record.
fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
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

    fn measured(lufs: f64, peak: f64) -> Measured {
        Measured {
            lufs: Some(lufs),
            peak_dbtp: Some(peak),
        }
    }

    #[test]
    fn the_last_summary_counts() {
        let text = "title : Summary:\n I: 5.0 LUFS\n[Parsed_ebur128_3 @ 0x1] Summary:\n\n  Integrated loudness:\n    I:         -22.9 LUFS\n    Threshold: -33.3 LUFS\n\n  True peak:\n    Peak:       -7.1 dBFS";
        let found = Measured::read(text).unwrap();
        assert_eq!(found, measured(-22.9, -7.1));
        let correction = Correction::new(&settings(), found);
        assert_eq!((correction.gain_db, correction.limit_db), (6.9, Some(-2.0)));
        assert_eq!(Measured::read("no such thing"), None);
    }

    #[test]
    fn silence_and_room_tone_are_left_alone() {
        for text in [
            "Summary:\n I: -70.0 LUFS\n Peak: -inf dBFS",
            "Summary:\n I: -64.2 LUFS\n Peak: -50.0 dBFS",
        ] {
            let found = Measured::read(text).unwrap();
            assert_eq!(found.lufs, None);
            let correction = Correction::new(&settings(), found);
            assert_eq!((correction.gain_db, correction.limit_db), (0.0, None));
            assert_eq!(correction.miss(&settings(), found), 0.0);
        }
    }

    #[test]
    fn what_an_encode_misses_is_made_up() {
        let first = Correction::new(&settings(), measured(-26.0, -8.0));
        let result = measured(-16.8, -0.4);
        assert!(first.miss(&settings(), result) > 0.0);
        let second = first.corrected(&settings(), result);
        assert_eq!((second.gain_db, second.limit_db), (10.8, Some(-2.6)));
        assert_eq!(second.miss(&settings(), measured(-16.2, -1.0)), 0.0);
    }

    #[test]
    fn a_peak_that_only_the_codec_made_is_caught_by_a_limiter() {
        let first = Correction::new(&settings(), measured(-20.0, -7.0));
        assert_eq!(first.limit_db, None);
        let second = first.corrected(&settings(), measured(-16.0, -0.5));
        assert_eq!(second.limit_db, Some(-2.0));
    }
}
