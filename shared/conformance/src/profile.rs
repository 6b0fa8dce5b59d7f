//! Profiles: whose requirements a check applies.
//!
//! # The idea
//! A package that follows RFC 8216 need not follow Apple's authoring specification, and neither knows the promises of
//! this pipeline. Each rule therefore states for each profile which clause demands it and how strongly
//! ([`crate::Rule::basis`]). A check applies the rules of the active profiles: *must* makes a violation a fail, *should*
//! a warning, and the strictest active profile wins.
//!
//! The profile `reelsmith` contains every rule, with the severities that a job of this pipeline uses.
//!
//! # Example
//! ```
//! use reelsmith_conformance::{Profile, Profiles, Severity, rule};
//!
//! let two_variants = rule("HLS-M01").unwrap();
//! let severity = |profile: Profile| two_variants.severity(profile.into());
//! assert_eq!(severity(Profile::Rfc), None);
//! assert_eq!(severity(Profile::Apple), Some(Severity::Fail));
//! assert_eq!(two_variants.severity(Profiles::REELSMITH), Some(Severity::Fail));
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::IntoEnumIterator as _;

use crate::delivery::Delivery;
use crate::report::Severity;

/// A set of requirements from one source.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
    strum::IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Profile {
    /// HLS: RFC 8216 and its successor, draft-pantos-hls-rfc8216bis.
    Rfc,
    /// Apple's HLS authoring specification for Apple devices.
    Apple,
    /// CMAF: ISO/IEC 23000-19.
    Cmaf,
    /// DASH: ISO/IEC 23009-1.
    Dash,
    /// The interoperability points of the DASH Industry Forum.
    DashIf,
    /// Everything, and the promises of this pipeline.
    Reelsmith,
}

/// A set of profiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Profiles(u8);

impl Profiles {
    /// All rules, for an output of this pipeline.
    pub const REELSMITH: Self = Self(1 << Profile::Reelsmith as u8);
    /// Every profile except `reelsmith`.
    pub const FORMATS: Self = Self(Self::REELSMITH.0 - 1);

    pub fn contains(self, profile: Profile) -> bool {
        self.0 & Self::from(profile).0 != 0
    }

    /// The profiles in the order of [`Profile`].
    pub fn iter(self) -> impl Iterator<Item = Profile> {
        Profile::iter().filter(move |p| self.contains(*p))
    }

    /// The profiles that the documents and files themselves claim: `rfc` for HLS, `dash` for an MPD, `cmaf` for a brand
    /// of CMAF tracks or the CMAF profile of DASH, and `dash-if` for a profile of the DASH Industry Forum.
    pub fn infer(delivery: &Delivery) -> Self {
        let brand = |b: &String| b == "cmfc" || b == "cmf2";
        let mut inits = delivery.inits.values().filter_map(|i| i.as_ref().ok());
        let mpd = delivery.mpd();
        let claimed = mpd.and_then(|m| m.root.get("profiles")).unwrap_or_default();
        let claims = [
            (Profile::Rfc, delivery.playlists().next().is_some()),
            (Profile::Dash, mpd.is_some()),
            (
                Profile::Cmaf,
                inits.any(|i| i.brands.iter().any(brand))
                    || claimed.contains("urn:mpeg:dash:profile:cmaf:2019"),
            ),
            (Profile::DashIf, claimed.contains("dashif.org/guidelines/")),
        ];
        claims
            .into_iter()
            .filter(|(_, c)| *c)
            .map(|(p, _)| p)
            .collect()
    }
}

impl From<Profile> for Profiles {
    fn from(profile: Profile) -> Self {
        Self(1 << profile as u8)
    }
}

impl FromIterator<Profile> for Profiles {
    fn from_iter<I: IntoIterator<Item = Profile>>(profiles: I) -> Self {
        let all = profiles.into_iter().map(Self::from);
        Self(all.fold(0, |set, p| set | p.0))
    }
}

impl fmt::Display for Profiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(<&str>::from).collect();
        f.write_str(&names.join(", "))
    }
}

/// How strongly a clause demands something, in the terms of RFC 2119.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::Display, Serialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Level {
    May,
    Should,
    Must,
}

impl Level {
    /// The severity of a violation.
    pub fn severity(self) -> Severity {
        match self {
            Self::May => Severity::Info,
            Self::Should => Severity::Warn,
            Self::Must => Severity::Fail,
        }
    }
}

/// A clause that demands something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Clause {
    pub profile: Profile,
    pub level: Level,
    /// The document and its section, for example `RFC 8216 4.3.4.2`.
    pub text: &'static str,
}

pub(crate) const fn must(profile: Profile, text: &'static str) -> Clause {
    let level = Level::Must;
    Clause {
        profile,
        level,
        text,
    }
}

pub(crate) const fn should(profile: Profile, text: &'static str) -> Clause {
    let level = Level::Should;
    Clause {
        profile,
        level,
        text,
    }
}

pub(crate) const fn may(profile: Profile, text: &'static str) -> Clause {
    let level = Level::May;
    Clause {
        profile,
        level,
        text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ValidOutput;

    #[test]
    fn profiles_are_inferred_from_the_documents_and_the_brands() {
        let both = ValidOutput::new().delivery();
        assert_eq!(Profiles::infer(&both).to_string(), "rfc, cmaf, dash");
        let streams = ValidOutput::transport().delivery();
        assert_eq!(Profiles::infer(&streams), Profile::Rfc.into());
        assert_eq!(Profiles::infer(&Delivery::default()), Profiles::default());
        let mut guidelines = ValidOutput::new();
        let live = "urn:mpeg:dash:profile:isoff-live:2011";
        let mpd = guidelines.texts.get_mut("manifest.mpd").unwrap();
        let text = mpd.replace(
            live,
            &format!("{live},http://dashif.org/guidelines/dash264"),
        );
        assert_ne!(*mpd, text);
        *mpd = text;
        let inferred = Profiles::infer(&guidelines.delivery());
        assert!(inferred.contains(Profile::DashIf));
    }

    #[test]
    fn the_formats_are_all_profiles_but_that_of_the_pipeline() {
        let formats: Vec<Profile> = Profiles::FORMATS.iter().collect();
        assert_eq!(formats.len(), Profile::iter().count() - 1);
        assert!(!Profiles::FORMATS.contains(Profile::Reelsmith));
    }
}
