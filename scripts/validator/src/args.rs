//! The options that both commands have.

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use reelsmith_conformance::Profile;

/// The names of the profiles.
const PROFILES: [&str; 6] = ["rfc", "apple", "cmaf", "dash", "dash-if", "reelsmith"];

/// How a report is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people.
    #[default]
    Text,
    /// The report as the pipeline stores it.
    Json,
    /// A JUnit test suite with a test case for every rule.
    Junit,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

#[derive(Args, Clone, Debug, Default)]
pub struct CheckArgs {
    /// A profile whose rules are checked; may be repeated. Default: those that the package claims: rfc for HLS, dash for an
    /// MPD, cmaf for files with a brand of CMAF, dash-if for an MPD with a profile of DASH-IF. reelsmith has every rule and
    /// the severities of a job; --job implies it.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(PROFILES))]
    pub profile: Vec<String>,
    /// Output format.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// A header of every request to a web server, for example `Authorization: Bearer …`; may be repeated.
    #[arg(long, value_name = "NAME: VALUE")]
    pub header: Vec<String>,
}

impl CheckArgs {
    /// The requested profiles.
    pub fn profiles(&self) -> Vec<Profile> {
        let names = self.profile.iter();
        names.filter_map(|name| name.parse().ok()).collect()
    }
}
