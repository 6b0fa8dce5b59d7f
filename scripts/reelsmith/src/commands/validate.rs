//! `reelsmith validate`: validate an HLS or DASH package against the conformance rules.
//!
//! A folder or a bucket is read by the same code with which the pipeline proves its own outputs. Only the location and the
//! names of the documents differ.

mod job;
mod print;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use reelsmith_conformance::{Delivery, Profile, Profiles, Report, Verdict, check};
use reelsmith_pipeline::proof::gather::{KnownMeasurements, ReadBudget, gather};

use crate::error::{CliError, CommandResult, Exit};
use crate::job::connection::DeploymentArgs;
use crate::job::documents::EntryDocuments;
use crate::job::location::{Location, S3Source};
use crate::view::text::{note, say};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people.
    #[default]
    Text,
    /// The report as the pipeline stores it.
    Json,
    /// A JUnit test suite with a test case for every rule.
    Junit,
}

#[derive(Args, Clone, Debug)]
pub struct ValidateArgs {
    /// A folder or s3://bucket/prefix/ that contains HLS, DASH or both; or one playlist or MPD, to check only that.
    #[arg(value_name = "DIR|S3-PREFIX|DOCUMENT")]
    pub target: String,
    /// The folder or prefix with plan.json and renditions/*.json of the job, for example s3://bucket/jobs/JOB-g1/. Adds the
    /// rules of the profile reelsmith, which compare the output with what the job promises.
    #[arg(long, value_name = "DIR|S3-PREFIX")]
    pub job: Option<String>,
    /// A profile whose rules are checked; may be repeated. Default: those that the package claims: rfc for HLS, dash for an
    /// MPD, cmaf for files with a brand of CMAF, dash-if for an MPD with a profile of DASH-IF. reelsmith has every rule and
    /// the severities of a job; --job implies it.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(PROFILES))]
    pub profile: Vec<String>,
    /// Output format.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Endpoint of S3, independent of the selected deployment.
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validation {
    pub report: Report,
    /// Remarks for the reader that are not findings.
    pub notes: Vec<String>,
}

impl Validation {
    pub fn exit(&self) -> Exit {
        match self.report.verdict {
            Verdict::Pass => Exit::Done,
            Verdict::Fail => Exit::Failed,
            Verdict::Unsupported => Exit::Unsupported,
        }
    }

    /// The report in a format, ending with a newline.
    pub fn print(&self, format: Format, target: &str) -> String {
        match format {
            Format::Text => print::text(&self.report),
            Format::Json => print::json(&self.report),
            Format::Junit => print::junit(&self.report, target),
        }
    }
}

/// The names of the profiles.
const PROFILES: [&str; 6] = ["rfc", "apple", "cmaf", "dash", "dash-if", "reelsmith"];

/// Runs `validate`. The exit code is 1 if a rule with the severity fail is broken, and 3 if none is but not everything
/// could be judged.
pub async fn run(deployment: &DeploymentArgs, args: &ValidateArgs) -> CommandResult {
    let validation = validate(deployment, args).await?;
    for text in &validation.notes {
        note(&format!("note: {text}"));
    }
    say(validation.print(args.format, &args.target).trim_end());
    Ok(validation.exit())
}

/// Reads and checks the target. Defects of the output are part of the result.
pub async fn validate(
    deployment: &DeploymentArgs,
    args: &ValidateArgs,
) -> Result<Validation, CliError> {
    let source = S3Source {
        endpoint: args.endpoint.as_deref(),
        deployment,
    };
    let location = Location::of(&args.target, source).await?;
    let documents = EntryDocuments::find(&location).await?;
    // Checksums are only compared with the records of a job.
    let budget = ReadBudget {
        hashed: if args.job.is_some() { u64::MAX } else { 0 },
        ..ReadBudget::default()
    };
    let known = KnownMeasurements::default();
    let (objects, prefix) = (&location.objects, &documents.prefix);
    let delivery = gather(objects, prefix, budget, known, &documents.names).await;
    let delivery = delivery.map_err(|e| location.error("read", &e).with_source(e))?;
    let expectation = match &args.job {
        Some(job) => {
            let dash = delivery.mpd().is_some();
            let records = Location::of(job, source).await?;
            Some(job::expectation(&records, dash).await?)
        }
        None => None,
    };
    let mut report = check(&delivery, expectation.as_ref(), profiles(args, &delivery));
    documents.restore_names(&mut report);
    let read = location.s3.map(|s3| format!("read from {s3}"));
    let notes = read.into_iter().chain(documents.notes).collect();
    Ok(Validation { report, notes })
}

/// The profiles that were requested, else those that the package claims.
fn profiles(args: &ValidateArgs, delivery: &Delivery) -> Profiles {
    let named: Profiles = args
        .profile
        .iter()
        .filter_map(|name| name.parse::<Profile>().ok())
        .collect();
    if args.job.is_some() {
        named.iter().chain([Profile::Reelsmith]).collect()
    } else if args.profile.is_empty() {
        Profiles::infer(delivery)
    } else {
        named
    }
}

#[cfg(test)]
mod tests;
