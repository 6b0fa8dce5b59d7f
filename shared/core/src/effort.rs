//! How much processor time work takes: measured figures that the planner weighs and the simulation counts with.
//!
//! Nothing exact depends on them. A figure that is wrong makes a plan slower, never wrong.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ladder::{ResolvedRung, VideoCodec};
use crate::probe::VideoStream;
use crate::units::Resolution;

/// Measured processor seconds of one thread; `calibration.yaml` holds the measurements and where they were made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Day of the measurement, ISO 8601.
    pub measured: String,
    /// The machine and the encoder.
    pub machine: String,
    /// The pictures.
    pub material: String,
    /// Seconds that every piece of work costs before its first frame and after its last.
    pub start_s: f64,
    /// Seconds per million pixels decoded, by ffmpeg's codec name.
    pub decode: BTreeMap<String, f64>,
    /// The same for a codec that is not listed.
    pub decode_other: f64,
    /// Seconds per million pixels of a scaled picture.
    pub scale: f64,
    /// Seconds per million pixels encoded, by codec and preset.
    pub encode: BTreeMap<VideoCodec, BTreeMap<String, f64>>,
}

impl Calibration {
    /// The calibration that this build carries.
    ///
    /// # Errors
    /// Where the file in the build is not a calibration; a test reads it.
    pub fn built_in() -> Result<Self, serde_norway::Error> {
        serde_norway::from_str(include_str!("../calibration.yaml"))
    }

    /// Seconds to decode one frame of a source.
    #[must_use]
    pub fn decode_frame(&self, source: &VideoStream) -> f64 {
        let per_megapixel = self.decode.get(source.codec.as_str());
        per_megapixel.unwrap_or(&self.decode_other) * megapixels(source.coded)
    }

    /// Seconds to scale one frame to a rung and encode it. A preset that was not measured counts as the slowest that was.
    #[must_use]
    pub fn encode_frame(&self, rung: &ResolvedRung) -> f64 {
        let measured = self.encode.get(&rung.codec);
        let named = measured.and_then(|m| m.get(&rung.settings.preset).copied());
        let slowest = || measured.map_or(0.0, |m| m.values().copied().fold(0.0, f64::max));
        let per_megapixel = named.unwrap_or_else(slowest) + self.scale;
        per_megapixel * megapixels(rung.resolution)
    }
}

fn megapixels(size: Resolution) -> f64 {
    f64::from(size.width) * f64::from(size.height) / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::OutputOptions;
    use crate::ladder::Profile;
    use crate::time::FrameRate;

    #[test]
    fn every_preset_of_the_shipped_profiles_is_measured() {
        let calibration = Calibration::built_in().unwrap();
        for name in ["default", "draft"] {
            for (codec, settings) in Profile::named(name).unwrap().codecs {
                let measured = &calibration.encode[&codec];
                assert!(measured.contains_key(&settings.preset), "{name} {codec:?}");
            }
        }
    }

    #[test]
    fn a_preset_that_was_not_measured_counts_as_the_slowest() {
        let calibration = Calibration::built_in().unwrap();
        let options = OutputOptions {
            h265: false,
            dash: true,
            progressive: false,
            max_bitrate: None,
            mock: false,
        };
        let size = Resolution {
            width: 1920,
            height: 1080,
        };
        let rate = FrameRate::new(24, 1).unwrap();
        let profile = Profile::named("default").unwrap();
        let mut rung = profile.resolve(size, rate, &options).remove(0);
        let medium = calibration.encode_frame(&rung);
        rung.settings.preset = "placebo".into();
        assert!(calibration.encode_frame(&rung) > medium * 2.0);
    }
}
