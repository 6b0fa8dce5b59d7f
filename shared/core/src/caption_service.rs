//! The services of closed captions, named as in HLS (`INSTREAM-ID`, RFC 8216, 4.3.4.1).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A service of closed captions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum CaptionService {
    /// A channel of CEA-608, `CC1` to `CC4`.
    Cea608(u8),
    /// A service of CEA-708, `SERVICE1` to `SERVICE63`.
    Cea708(u8),
}

impl CaptionService {
    /// The main captions of CEA-608.
    pub const CC1: Self = Self::Cea608(1);
}

/// A text that is not the name of a service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected CC1 to CC4 or SERVICE1 to SERVICE63, found {0:?}")]
pub struct BadCaptionService(pub String);

impl FromStr for CaptionService {
    type Err = BadCaptionService;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |digits: &str, last: u8| {
            let plain = !digits.starts_with(['0', '+']);
            let number = digits.parse().ok().filter(|_| plain);
            number.filter(|n| (1..=last).contains(n))
        };
        let analogue = text.strip_prefix("CC").and_then(|d| number(d, 4));
        let digital = text.strip_prefix("SERVICE").and_then(|d| number(d, 63));
        let service = analogue.map(Self::Cea608).or(digital.map(Self::Cea708));
        service.ok_or_else(|| BadCaptionService(text.to_owned()))
    }
}

impl fmt::Display for CaptionService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cea608(number) => write!(f, "CC{number}"),
            Self::Cea708(number) => write!(f, "SERVICE{number}"),
        }
    }
}

impl TryFrom<String> for CaptionService {
    type Error = BadCaptionService;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<CaptionService> for String {
    fn from(service: CaptionService) -> Self {
        service.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_read_and_shown_by_name() {
        for name in ["CC1", "CC4", "SERVICE1", "SERVICE63"] {
            assert_eq!(name.parse::<CaptionService>().unwrap().to_string(), name);
        }
        for name in [
            "CC0",
            "CC5",
            "CC01",
            "CC",
            "SERVICE64",
            "SERVICE0",
            "cc1",
            "",
            "SERVICE+1",
        ] {
            assert!(name.parse::<CaptionService>().is_err(), "{name}");
        }
    }
}
