//! The value of each setting of the functions in a deployment.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::str::FromStr;

use reelsmith_contract::setting::Setting;
use reelsmith_core::ladder::Profile;
use reelsmith_media::Tools;
use reelsmith_pipeline::settings::Settings;

use crate::error::{CliError, ErrorCode};
use crate::project::Project;

/// A setting given by the operator, as `NAME=VALUE`. Parsing checks the name and the value, so that a wrong one is
/// reported here instead of by a function that cannot start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingOverride {
    pub setting: Setting,
    pub value: String,
}

/// Settings that follow from the resources. An operator cannot choose them.
const DERIVED: [Setting; 7] = [
    Setting::INPUT_BUCKET,
    Setting::OUTPUT_BUCKET,
    Setting::SUBMISSION_TABLE,
    Setting::NOTIFICATION_TOPIC_ARN,
    Setting::STATE_MACHINE_ARN,
    Setting::MEDIACONVERT_ROLE_ARN,
    Setting::MEDIACONVERT_QUEUE_ARN,
];

impl FromStr for SettingOverride {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| format!("expected NAME=VALUE, found {text:?}"))?;
        let mut known = Setting::ALL.iter().filter(|s| !DERIVED.contains(s));
        let Some(setting) = known.clone().find(|s| s.name() == name) else {
            let names: Vec<_> = known.by_ref().map(|s| s.name()).collect();
            return Err(format!(
                "expected one of {}, found {name:?}",
                names.join(", ")
            ));
        };
        check(*setting, value).map_err(|expected| format!("{expected}, found {value:?}"))?;
        Ok(Self {
            setting: *setting,
            value: value.to_owned(),
        })
    }
}

/// Checks a value as the functions do; the error is what they expect.
fn check(setting: Setting, value: &str) -> Result<(), String> {
    let settings = Settings::of(&[(setting, value)]);
    let checked = match setting {
        Setting::PROFILE if !Profile::names().contains(&value) => {
            let known = Profile::names().join(", ");
            return Err(format!("expected one of the profiles {known}"));
        }
        Setting::ENCODER if !matches!(value, "lambda" | "mediaconvert") => {
            return Err("expected lambda or mediaconvert".to_owned());
        }
        Setting::ENABLE_H265
        | Setting::ENABLE_DASH
        | Setting::FORCE_REPROCESS
        | Setting::MOCK_MODE => settings.flag(setting).map(drop),
        Setting::MAX_CONCURRENCY
        | Setting::MAX_RUNNING_JOBS
        | Setting::PASS_SECONDS
        | Setting::ABANDONED_AFTER_SECONDS
        | Setting::LEASE_SECONDS => settings.number(setting).map(drop),
        Setting::MAX_JOB_COST_USD => settings.amount(setting).map(drop),
        Setting::QUALITY_SAMPLING => settings.sampled_percent(setting).map(drop),
        _ => Ok(()),
    };
    checked.map_err(|e| format!("expected {}", e.expected))
}

/// The settings of one deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingValues(BTreeMap<&'static str, String>);

impl SettingValues {
    /// The defaults of the contract, the programs that `scripts/setup` installed, and the operator's overrides. The last
    /// override of a setting wins.
    ///
    /// # Errors
    /// `ToolMissing` if ffmpeg or ffprobe is not found.
    pub fn of_this_machine(
        project: &Project,
        overrides: &[SettingOverride],
    ) -> Result<Self, CliError> {
        let given = |s: Setting| {
            let of = overrides.iter().rev().find(|o| o.setting == s);
            of.map(|o| o.value.as_str())
        };
        let tools = located(project, given(Setting::FFMPEG), given(Setting::FFPROBE))?;
        let mut values = Self::default();
        for setting in Setting::ALL {
            if let Some(default) = setting.default() {
                values.set(*setting, default);
            }
        }
        let cores = std::thread::available_parallelism().map_or(2, NonZeroUsize::get);
        values.set(Setting::MAX_CONCURRENCY, cores.to_string());
        values.set(Setting::ENCODER_BUILD, tools.build());
        for o in overrides {
            values.set(o.setting, &o.value);
        }
        values.set(Setting::FFMPEG, tools.ffmpeg.display().to_string());
        values.set(Setting::FFPROBE, tools.ffprobe.display().to_string());
        Ok(values)
    }

    /// Sets a value.
    pub fn set(&mut self, setting: Setting, value: impl Into<String>) {
        self.0.insert(setting.name(), value.into());
    }

    /// A value.
    pub fn get(&self, setting: Setting) -> Result<&str, CliError> {
        let value = self.0.get(setting.name()).map(String::as_str);
        value.ok_or_else(|| {
            CliError::new(
                "resolve the settings",
                format!("{} has no value: {}", setting.name(), setting.meaning()),
                format!("set it with --set {}=VALUE", setting.name()),
            )
        })
    }

    /// The environment of a function with these settings.
    pub fn environment(&self, names: &[Setting]) -> Result<BTreeMap<String, String>, CliError> {
        let one = |s: &Setting| Ok((s.name().to_owned(), self.get(*s)?.to_owned()));
        names.iter().map(one).collect()
    }
}

/// The programs that `scripts/setup` installed.
///
/// # Errors
/// `ToolMissing`.
pub fn tools(project: &Project) -> Result<Tools, CliError> {
    located(project, None, None)
}

fn located(
    project: &Project,
    ffmpeg: Option<&str>,
    ffprobe: Option<&str>,
) -> Result<Tools, CliError> {
    Tools::locate(project.media(), ffmpeg, ffprobe).map_err(|e| {
        CliError::new(
            "find ffmpeg and ffprobe",
            e.to_string(),
            "run scripts/setup; `reelsmith doctor` lists every missing tool",
        )
        .with_code(ErrorCode::ToolMissing)
        .with_source(e)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<SettingOverride, String> {
        text.parse()
    }

    #[test]
    fn an_unknown_setting_is_refused_and_the_known_ones_are_listed() {
        let known = parsed("ENABLE_H265=false").unwrap();
        assert_eq!(known.setting, Setting::ENABLE_H265);
        assert_eq!(known.value, "false");
        insta::assert_snapshot!(parsed("ENABLE_H265").unwrap_err(), @r#"expected NAME=VALUE, found "ENABLE_H265""#);
        for name in ["OUTPUT_BUCKET", "COLOUR", "profile"] {
            let error = parsed(&format!("{name}=x")).unwrap_err();
            assert!(
                error.starts_with("expected one of PROFILE, QUALITY_SAMPLING"),
                "{error}"
            );
            assert!(error.ends_with(&format!("found {name:?}")), "{error}");
        }
    }

    #[test]
    fn a_value_that_no_function_accepts_is_refused() {
        insta::assert_snapshot!(parsed("PROFILE=ultra").unwrap_err(), @r#"expected one of the profiles default, draft, preview, found "ultra""#);
        for wrong in [
            "ENABLE_H265=yes",
            "ENCODER=x264",
            "MAX_CONCURRENCY=0",
            "MAX_RUNNING_JOBS=many",
            "LEASE_SECONDS=-1",
            "MAX_JOB_COST_USD=free",
            "QUALITY_SAMPLING=9",
        ] {
            let error = parsed(wrong).unwrap_err();
            assert!(error.starts_with("expected "), "{error}");
        }
        for setting in Setting::ALL.iter().filter(|s| !DERIVED.contains(s)) {
            if let Some(default) = setting.default() {
                let text = format!("{}={default}", setting.name());
                assert!(parsed(&text).is_ok(), "{text}");
            }
        }
        for profile in Profile::names() {
            assert!(parsed(&format!("PROFILE={profile}")).is_ok(), "{profile}");
        }
    }

    #[test]
    fn every_setting_that_an_operator_may_choose_has_a_value_on_this_machine() {
        let values = SettingValues::of_this_machine(&Project::find().unwrap(), &[]).unwrap();
        for setting in Setting::ALL.iter().filter(|s| !DERIVED.contains(s)) {
            assert!(values.get(*setting).is_ok(), "{setting:?}");
        }
        let build = values.get(Setting::ENCODER_BUILD).unwrap();
        assert!(build.starts_with("ffmpeg "), "{build}");
        assert!(values.get(Setting::OUTPUT_BUCKET).is_err());
    }

    #[test]
    fn the_last_override_wins() {
        let overrides = ["MAX_CONCURRENCY=7", "MAX_CONCURRENCY=9"].map(|o| parsed(o).unwrap());
        let values = SettingValues::of_this_machine(&Project::find().unwrap(), &overrides).unwrap();
        assert_eq!(values.get(Setting::MAX_CONCURRENCY).unwrap(), "9");
    }
}
