//! The options that both commands have.

use std::path::PathBuf;

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
    /// Decode every rendition with ffmpeg, and report what the decoder complains about (rule SEG-18), and where media are
    /// black, frozen or silent for two seconds.
    #[arg(long)]
    pub decode: bool,
    /// The ffmpeg for --decode. Default: the one of PATH.
    #[arg(long, value_name = "FILE", requires = "decode")]
    pub ffmpeg: Option<PathBuf>,
}

/// What is checked, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The profiles; empty for those that the package claims.
    pub profiles: Vec<Profile>,
    /// Whether media are decoded, and with which ffmpeg if there is one.
    pub decode: Option<Option<PathBuf>>,
}

impl CheckArgs {
    /// The options, as the library needs them.
    pub fn options(&self) -> Options {
        let names = self.profile.iter();
        let ffmpeg = || match &self.ffmpeg {
            Some(given) => std::path::absolute(given).ok(),
            None => crate::decode::ffmpeg_of_path(),
        };
        Options {
            profiles: names.filter_map(|name| name.parse().ok()).collect(),
            decode: self.decode.then(ffmpeg),
        }
    }
}
