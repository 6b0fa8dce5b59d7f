//! Loudness by EBU R 128: what was measured, and the constant gain that corrects it.

use reelsmith_core::ladder::AudioSettings;

/// Below this the meter's gate has let nothing through (ITU-R BS.1770): the track is silent.
const SILENCE_LUFS: f64 = -70.0;

/// What the meter found in the source's mix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Integrated loudness in LUFS; absent where the track is silent.
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
        let (lufs, peak) = (value("I:")?, value("Peak:")?);
        Some(Self {
            lufs: Some(lufs).filter(|l| *l > SILENCE_LUFS),
            peak_dbtp: Some(peak).filter(|p| p.is_finite()),
        })
    }
}

/// What the encode does to the level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correction {
    /// Constant gain in dB; 0 for a silent track.
    pub gain_db: f64,
    /// Whether peaks would pass the ceiling at that gain, so that a limiter has to catch them.
    pub limit: bool,
}

impl Correction {
    /// One gain for the whole track, so that its dynamics stay what they are.
    #[must_use]
    pub fn new(settings: &AudioSettings, measured: Measured) -> Self {
        let gain = measured.lufs.map_or(0.0, |l| settings.loudness_lufs - l);
        // To a hundredth, as it goes to the encoder and into the record.
        let gain_db = (gain * 100.0).round() / 100.0;
        let peak = measured.peak_dbtp.unwrap_or(f64::NEG_INFINITY);
        Self {
            gain_db,
            limit: peak + gain_db > settings.true_peak_dbtp,
        }
    }
}

#[cfg(test)]
mod tests {
    use reelsmith_core::units::BitsPerSecond;

    use super::*;

    fn settings() -> AudioSettings {
        AudioSettings {
            bitrate: BitsPerSecond(128_000),
            sample_rate: 48_000,
            channels: 2,
            loudness_lufs: -16.0,
            true_peak_dbtp: -1.0,
        }
    }

    #[test]
    fn the_last_summary_counts() {
        let text = "title : Summary:\n I: 5.0 LUFS\n[Parsed_ebur128_3 @ 0x1] Summary:\n\n  Integrated loudness:\n    I:         -22.9 LUFS\n    Threshold: -33.3 LUFS\n\n  True peak:\n    Peak:       -7.1 dBFS";
        let measured = Measured::read(text).unwrap();
        assert_eq!(
            (measured.lufs, measured.peak_dbtp),
            (Some(-22.9), Some(-7.1))
        );
        let correction = Correction::new(&settings(), measured);
        assert_eq!((correction.gain_db, correction.limit), (6.9, true));
        assert_eq!(Measured::read("no such thing"), None);
    }

    #[test]
    fn silence_is_left_alone() {
        let text = "Summary:\n I: -70.0 LUFS\n Peak: -inf dBFS";
        let measured = Measured::read(text).unwrap();
        assert_eq!((measured.lufs, measured.peak_dbtp), (None, None));
        let correction = Correction::new(&settings(), measured);
        assert_eq!((correction.gain_db, correction.limit), (0.0, false));
    }
}
