//! The settings of a deployment as typed values, and the job defaults that follow from them.
//!
//! The functions take the settings from their environment, and `reelsmith estimate` from its command line. A manifest can
//! override most defaults.

use std::collections::HashMap;

use reelsmith_contract::setting::Setting;
use reelsmith_contract::{ErrorName, Failure};
use reelsmith_core::cost::Usd;
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::job::Job;
use reelsmith_core::ladder::OutputOptions;
use reelsmith_core::ladder::Profile;
use reelsmith_core::manifest::{Defect, Manifest};
use reelsmith_core::object::ObjectPin;

/// The values of the settings that are set.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    values: HashMap<&'static str, String>,
}

impl Settings {
    /// Settings with the values that `lookup` returns by name; it returns `None` for a setting that is not set.
    pub fn from_lookup(lookup: impl Fn(&'static str) -> Option<String>) -> Self {
        let read = |s: &Setting| Some((s.name(), lookup(s.name())?));
        Self {
            values: Setting::ALL.iter().filter_map(read).collect(),
        }
    }

    /// Settings with these values; of several values of one setting the last one counts.
    pub fn of(values: &[(Setting, &str)]) -> Self {
        let of = |name| values.iter().rev().find(|(s, _)| s.name() == name);
        Self::from_lookup(|name| of(name).map(|(_, value)| (*value).to_owned()))
    }

    /// A setting, or its default.
    ///
    /// # Errors
    /// `ConfigurationInvalid` if it is not set and has no default.
    pub fn text(&self, setting: Setting) -> Result<&str, Failure> {
        let value = self.values.get(setting.name()).map(String::as_str);
        value
            .or(setting.default())
            .ok_or_else(|| invalid(setting, "a value", "not set"))
    }

    /// A setting that is `true` or `false`.
    pub fn flag(&self, setting: Setting) -> Result<bool, Failure> {
        match self.text(setting)? {
            "true" => Ok(true),
            "false" => Ok(false),
            other => Err(invalid(setting, "true or false", other)),
        }
    }

    /// A setting that is a positive whole number.
    pub fn number(&self, setting: Setting) -> Result<u32, Failure> {
        let text = self.text(setting)?;
        match text.parse() {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(invalid(setting, "a positive whole number", text)),
        }
    }

    /// A setting that is an amount of dollars; empty for none.
    pub fn amount(&self, setting: Setting) -> Result<Option<Usd>, Failure> {
        match self.text(setting)? {
            "" => Ok(None),
            text => text
                .parse()
                .map(Some)
                .map_err(|_| invalid(setting, "an amount of dollars such as 25, or nothing", text)),
        }
    }

    /// A setting that is a whole percentage from 10 to 100, or `all` for 100; empty for none. Rule SRC-02 demands a tenth.
    pub fn sampled_percent(&self, setting: Setting) -> Result<Option<u32>, Failure> {
        match self.text(setting)? {
            "" => Ok(None),
            "all" => Ok(Some(100)),
            text => match text.parse() {
                Ok(percent @ 10..=100) => Ok(Some(percent)),
                _ => Err(invalid(setting, "10 to 100, all, or nothing", text)),
            },
        }
    }
}

fn invalid(setting: Setting, expected: &str, found: &str) -> Failure {
    Failure::new(
        ErrorName::ConfigurationInvalid,
        format!("{}: {expected}", setting.name()),
        found,
        "settings",
        format!("correct the setting: {}", setting.meaning()),
    )
}

/// The deployment's defaults for jobs.
pub struct JobDefaults {
    pub profile: Profile,
    pub h265: bool,
    pub dash: bool,
    /// Make placeholders instead of real encodes.
    pub mock: bool,
    pub encoder: EncoderKind,
    /// Identity of the encoder binary.
    pub encoder_build: String,
}

impl JobDefaults {
    /// Reads the settings.
    pub fn of(settings: &Settings) -> Result<Self, Failure> {
        let encoder = match settings.text(Setting::ENCODER)? {
            "lambda" => EncoderKind::Lambda,
            "mediaconvert" => EncoderKind::MediaConvert,
            other => return Err(invalid(Setting::ENCODER, "lambda or mediaconvert", other)),
        };
        let profile = settings.text(Setting::PROFILE)?;
        let mut profile = Profile::named(profile)
            .map_err(|e| invalid(Setting::PROFILE, "a profile of this build", &e.to_string()))?;
        if let Some(percent) = settings.sampled_percent(Setting::QUALITY_SAMPLING)? {
            profile.proof.sampled_percent = percent;
        }
        Ok(Self {
            profile,
            h265: settings.flag(Setting::ENABLE_H265)?,
            dash: settings.flag(Setting::ENABLE_DASH)?,
            mock: settings.flag(Setting::MOCK_MODE)?,
            encoder,
            encoder_build: settings.text(Setting::ENCODER_BUILD)?.to_owned(),
        })
    }

    /// What a manifest and these defaults make of the output options.
    pub fn options(&self, manifest: &Manifest) -> OutputOptions {
        let wanted = &manifest.settings;
        OutputOptions {
            h265: wanted.enable_h265.unwrap_or(self.h265),
            dash: wanted.enable_dash.unwrap_or(self.dash),
            progressive: wanted.enable_progressive.unwrap_or(false),
            max_bitrate: wanted.max_bitrate_cap,
            mock: self.mock,
        }
    }

    /// The encoder of a manifest. Placeholders are always made by our own encoder: MediaConvert has none and would be paid.
    pub fn encoder(&self, manifest: &Manifest) -> EncoderKind {
        if self.mock {
            EncoderKind::Lambda
        } else {
            manifest.settings.encoder.unwrap_or(self.encoder)
        }
    }

    /// The job of a manifest that was read from the version `pin`.
    pub fn job(&self, pin: ObjectPin, manifest: Manifest, warnings: Vec<Defect>) -> Job {
        let options = self.options(&manifest);
        let encoder = self.encoder(&manifest);
        let mut profile = self.profile.clone();
        if self.mock {
            profile = profile.fastest();
        }
        let build = match encoder {
            EncoderKind::Lambda => self.encoder_build.clone(),
            EncoderKind::MediaConvert => reelsmith_core::encode::MEDIACONVERT_BUILD.to_owned(),
        };
        Job::new(pin, manifest, options, profile, encoder, build, warnings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_has_its_value_or_its_default_or_is_a_named_error() {
        let settings = Settings::of(&[
            (Setting::ENABLE_H265, "yes"),
            (Setting::MAX_CONCURRENCY, "3"),
        ]);
        assert_eq!(settings.text(Setting::PROFILE), Ok("default"));
        assert_eq!(settings.number(Setting::MAX_CONCURRENCY), Ok(3));
        let error = settings.flag(Setting::ENABLE_H265).unwrap_err();
        assert_eq!(error.name, ErrorName::ConfigurationInvalid);
        assert_eq!(error.expected, "ENABLE_H265: true or false");
        assert!(settings.text(Setting::INPUT_BUCKET).is_err());
        let cap = |text| {
            Settings::of(&[(Setting::MAX_JOB_COST_USD, text)]).amount(Setting::MAX_JOB_COST_USD)
        };
        assert_eq!(cap("0.50"), Ok(Some(Usd(0.5))));
        assert_eq!(cap(""), Ok(None));
        for (text, percent) in [("all", Some(100)), ("25", Some(25)), ("", None)] {
            let settings = Settings::of(&[(Setting::QUALITY_SAMPLING, text)]);
            assert_eq!(
                settings.sampled_percent(Setting::QUALITY_SAMPLING),
                Ok(percent)
            );
        }
        for wrong in ["9", "101", "-1", "most"] {
            let settings = Settings::of(&[(Setting::QUALITY_SAMPLING, wrong)]);
            let error = settings
                .sampled_percent(Setting::QUALITY_SAMPLING)
                .unwrap_err();
            assert_eq!(error.name, ErrorName::ConfigurationInvalid);
        }
        assert_eq!(
            cap("fifty").unwrap_err().name,
            ErrorName::ConfigurationInvalid
        );
    }
}
