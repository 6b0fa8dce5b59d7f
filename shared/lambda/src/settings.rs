//! The settings of this function.

use std::collections::HashMap;

use reelsmith_contract::setting::Setting;
use reelsmith_contract::{ErrorName, Failure};
use reelsmith_core::cost::Usd;

/// The settings as the environment has them.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    values: HashMap<&'static str, String>,
}

impl Settings {
    /// Reads every known setting from the environment, once.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the settings"
    )]
    pub fn from_env() -> Self {
        let read = |s: &Setting| Some((s.name(), std::env::var(s.name()).ok()?));
        Self {
            values: Setting::ALL.iter().filter_map(read).collect(),
        }
    }

    /// Settings given by hand.
    #[must_use]
    pub fn of(values: &[(Setting, &str)]) -> Self {
        Self {
            values: values
                .iter()
                .map(|(setting, value)| (setting.name(), (*value).to_owned()))
                .collect(),
        }
    }

    /// A setting, or its default.
    ///
    /// # Errors
    /// `ConfigurationInvalid` where it is not set and has no default.
    pub fn text(&self, setting: Setting) -> Result<&str, Failure> {
        let value = self.values.get(setting.name()).map(String::as_str);
        value
            .or(setting.default())
            .ok_or_else(|| wrong(setting, "a value", "not set"))
    }

    /// A setting that is `true` or `false`.
    ///
    /// # Errors
    /// `ConfigurationInvalid` where it is neither.
    pub fn flag(&self, setting: Setting) -> Result<bool, Failure> {
        match self.text(setting)? {
            "true" => Ok(true),
            "false" => Ok(false),
            other => Err(wrong(setting, "true or false", other)),
        }
    }

    /// A setting that is a positive whole number.
    ///
    /// # Errors
    /// `ConfigurationInvalid` where it is not.
    pub fn number(&self, setting: Setting) -> Result<u32, Failure> {
        let text = self.text(setting)?;
        match text.parse() {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(wrong(setting, "a positive whole number", text)),
        }
    }

    /// A setting that is an amount of dollars, or empty for none.
    ///
    /// # Errors
    /// `ConfigurationInvalid` where it is neither.
    pub fn amount(&self, setting: Setting) -> Result<Option<Usd>, Failure> {
        match self.text(setting)? {
            "" => Ok(None),
            text => text
                .parse()
                .map(Some)
                .map_err(|_| wrong(setting, "an amount of dollars such as 25, or nothing", text)),
        }
    }
}

fn wrong(setting: Setting, expected: &str, found: &str) -> Failure {
    Failure::new(
        ErrorName::ConfigurationInvalid,
        format!("{}: {expected}", setting.name()),
        found,
        "environment of the function",
        format!("set it in the deployment: {}", setting.meaning()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_has_its_value_its_default_or_a_named_error() {
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
        assert_eq!(
            cap("fifty").unwrap_err().name,
            ErrorName::ConfigurationInvalid
        );
    }
}
