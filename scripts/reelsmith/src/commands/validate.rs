//! `reelsmith validate`: holds anybody's HLS and DASH, in a folder or in S3, against the conformance rules.
//!
//! Folder and bucket are read by the very code with which the pipeline proves its own outputs; only the place and the
//! names of the documents differ.

pub(crate) mod folder;
mod job;
pub(crate) mod place;
mod print;
pub(crate) mod roots;

use std::sync::Arc;

use clap::{Args, ValueEnum};
use reelsmith_conformance::{Report, Sets, Severity, Verdict, check};
use reelsmith_pipeline::proof::gather::{KnownMeasurements, ReadBudget, gather};

use crate::error::{Exit, Trouble};
use crate::job::target::Where;
use place::{Place, Storage};
use roots::Roots;

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// The report as the pipeline stores it.
    Json,
    /// A JUnit test suite in which every rule is a test case.
    Junit,
}

/// What is to be validated.
#[derive(Args, Clone, Debug)]
pub struct Request {
    /// A folder or s3://bucket/prefix/ that holds HLS, DASH or both; or one playlist or MPD in it, to look at that alone.
    #[arg(value_name = "DIR|S3-PREFIX|DOCUMENT")]
    pub target: String,
    /// The folder or prefix that holds the plan.json and the renditions/*.json of the job, as
    /// s3://bucket/jobs/JOB-g1/. Turns on the rules of the pipeline: what was promised must be there.
    #[arg(long, value_name = "DIR|S3-PREFIX")]
    pub job: Option<String>,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// S3 is that of this endpoint, whatever deployment is named.
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validated {
    /// The report.
    pub report: Report,
    /// What a reader should know that is not a finding.
    pub notes: Vec<String>,
}

impl Validated {
    /// 0 where the verdict is good, else 1.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self.report.verdict {
            Verdict::Pass => Exit::Done,
            Verdict::Fail => Exit::Failed,
        }
    }

    /// The report in a format, with a line end.
    #[must_use]
    pub fn print(&self, format: Format, target: &str) -> String {
        match format {
            Format::Text => print::text(&self.report),
            Format::Json => print::json(&self.report),
            Format::Junit => print::junit(&self.report, target),
        }
    }
}

/// Rules about how objects are stored, which a folder does not tell.
const OF_STORAGE: [&str; 4] = ["DLV-01", "DLV-02", "DLV-03", "DLV-04"];

/// Reads and checks the target.
///
/// # Errors
/// Where there is nothing to validate, or it or the job's records cannot be read. What is wrong with an output is not an
/// error.
pub async fn validate(at: &Where, request: &Request) -> Result<Validated, Trouble> {
    let endpoint = request.endpoint.as_deref();
    let storage = Storage { endpoint, at };
    let place = Place::of(&request.target, storage).await?;
    let roots = Roots::find(&place).await?;
    let prefix = roots.prefix.clone();
    let objects =
        reelsmith_contract::Objects::new(Arc::new(roots.named(&place)), place.objects.bucket());
    let delivery = gather(
        &objects,
        &prefix,
        read_budget(&request.job),
        KnownMeasurements::default(),
    )
    .await;
    let delivery = delivery.map_err(|e| place.trouble("read", &e.to_string()))?;
    let (expectation, sets) = match &request.job {
        Some(job) => {
            let dash = delivery.mpd().is_some();
            let records = Place::of(job, storage).await?;
            (Some(job::expectation(&records, dash).await?), Sets::ALL)
        }
        None => (None, Sets::STANDARD),
    };
    let mut report = check(&delivery, expectation.as_ref(), sets);
    if place.is_folder() && request.job.is_some() {
        leave_out(&mut report, &OF_STORAGE);
    }
    roots.rename(&mut report);
    let read = place.s3().map(|s3| format!("read from {s3}"));
    let notes = read.into_iter().chain(roots.notes).collect();
    Ok(Validated { report, notes })
}

/// Checksums are worth reading everything only where there are records to compare them with, and then all of them.
fn read_budget(job: &Option<String>) -> ReadBudget {
    ReadBudget {
        hashed: if job.is_some() { u64::MAX } else { 0 },
        ..ReadBudget::default()
    }
}

/// Takes rules out of a report whose facts could not be learnt.
fn leave_out(report: &mut Report, rules: &[&str]) {
    report.violations.retain(|v| !rules.contains(&&*v.rule));
    let judged = rules
        .iter()
        .filter(|r| !report.not_judged.iter().any(|n| n == *r));
    let added: Vec<String> = judged.map(|r| (*r).to_owned()).collect();
    report.rules_checked = report
        .rules_checked
        .saturating_sub(u32::try_from(added.len()).unwrap_or(u32::MAX));
    report.not_judged.extend(added);
    let failed = report
        .violations
        .iter()
        .any(|v| v.severity == Severity::Fail);
    report.verdict = if failed { Verdict::Fail } else { Verdict::Pass };
}

#[cfg(test)]
mod tests;
