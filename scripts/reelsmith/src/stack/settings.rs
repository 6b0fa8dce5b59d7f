//! What each setting of a function is in a deployment.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::str::FromStr;

use reelsmith_contract::setting::Setting;
use reelsmith_media::Tools;

use crate::error::{Name, Trouble};

/// A setting given by the operator, as `NAME=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Which.
    pub setting: Setting,
    /// Its value.
    pub value: String,
}

/// The settings that follow from the resources, which an operator cannot choose.
const FOLLOWING: [Setting; 7] = [
    Setting::INPUT_BUCKET,
    Setting::OUTPUT_BUCKET,
    Setting::SUBMISSION_TABLE,
    Setting::NOTIFICATION_TOPIC_ARN,
    Setting::STATE_MACHINE_ARN,
    Setting::MEDIACONVERT_ROLE_ARN,
    Setting::MEDIACONVERT_QUEUE_ARN,
];

impl FromStr for Override {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| format!("expected NAME=VALUE, found {text:?}"))?;
        let free = |s: &&Setting| !FOLLOWING.contains(s);
        let known = Setting::ALL.iter().filter(free);
        let Some(setting) = known.clone().find(|s| s.name() == name) else {
            let names: Vec<_> = known.map(|s| s.name()).collect();
            return Err(format!(
                "expected one of {}, found {name:?}",
                names.join(", ")
            ));
        };
        Ok(Self {
            setting: *setting,
            value: value.to_owned(),
        })
    }
}

/// The values of one deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<&'static str, String>);

impl Values {
    /// The defaults of the contract, the tools of this machine, and what the operator says otherwise.
    ///
    /// # Errors
    /// Where ffmpeg or ffprobe is not found.
    pub fn of_this_machine(overrides: &[Override]) -> Result<Self, Trouble> {
        let given = |s: Setting| {
            let of = overrides.iter().rev().find(|o| o.setting == s);
            of.map(|o| o.value.as_str())
        };
        let tools =
            Tools::locate(given(Setting::FFMPEG), given(Setting::FFPROBE)).map_err(no_tools)?;
        let mut values = Self::default();
        for setting in Setting::ALL {
            if let Some(default) = setting.default() {
                values.set(*setting, default);
            }
        }
        values.set(Setting::MAX_CONCURRENCY, cores().to_string());
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
    ///
    /// # Errors
    /// Where the deployment gives it none.
    pub fn get(&self, setting: Setting) -> Result<&str, Trouble> {
        let value = self.0.get(setting.name()).map(String::as_str);
        value.ok_or_else(|| {
            Trouble::new(
                "resolve the settings",
                format!("{} has no value: {}", setting.name(), setting.meaning()),
                format!("give it with --set {}=VALUE", setting.name()),
            )
        })
    }

    /// The environment of a function that names these settings.
    ///
    /// # Errors
    /// Where one of them has no value.
    pub fn environment(&self, names: &[Setting]) -> Result<BTreeMap<String, String>, Trouble> {
        let one = |s: &Setting| Ok((s.name().to_owned(), self.get(*s)?.to_owned()));
        names.iter().map(one).collect()
    }
}

fn no_tools(error: reelsmith_media::MediaError) -> Trouble {
    Trouble::new(
        "find ffmpeg and ffprobe",
        error.to_string(),
        "run scripts/setup, or give them with --set FFMPEG=PATH --set FFPROBE=PATH",
    )
    .named(Name::ToolMissing)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, NonZeroUsize::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_names_a_setting_that_an_operator_may_choose() {
        let parsed: Override = "ENABLE_H265=false".parse().unwrap();
        assert_eq!(parsed.setting, Setting::ENABLE_H265);
        assert_eq!(parsed.value, "false");
        let wrong = |text: &str| text.parse::<Override>().unwrap_err();
        insta::assert_snapshot!(wrong("ENABLE_H265"), @r#"expected NAME=VALUE, found "ENABLE_H265""#);
        assert!(wrong("OUTPUT_BUCKET=x").contains("expected one of PROFILE"));
    }

    #[test]
    fn every_setting_that_does_not_follow_from_a_resource_has_a_value_on_this_machine() {
        let values = Values::of_this_machine(&[]).unwrap();
        for setting in Setting::ALL.iter().filter(|s| !FOLLOWING.contains(s)) {
            assert!(values.get(*setting).is_ok(), "{setting:?}");
        }
        assert!(
            values
                .get(Setting::ENCODER_BUILD)
                .unwrap()
                .starts_with("ffmpeg ")
        );
        assert!(values.get(Setting::OUTPUT_BUCKET).is_err());
    }

    #[test]
    fn the_operator_has_the_last_word() {
        let overrides = [
            "MAX_CONCURRENCY=7".parse().unwrap(),
            "MAX_CONCURRENCY=9".parse().unwrap(),
        ];
        let values = Values::of_this_machine(&overrides).unwrap();
        assert_eq!(values.get(Setting::MAX_CONCURRENCY), Ok("9"));
    }
}
