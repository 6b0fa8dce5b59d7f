//! `reelsmith report`: how long each state of a job took, how its workers performed, what was repeated, and what it cost.
//!
//! The report is text, JSON, or the page that the pipeline also writes for every output, here with the states from the
//! history of the execution.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use reelsmith_aws::operate::ExecutionStatus;
use reelsmith_core::keys::GenerationKeys;
use reelsmith_core::submission::Row;
use reelsmith_report::metrics::Metrics;
use serde::Serialize;

use crate::error::{CliError, CommandResult, Exit};
use crate::job::connection::{Connection, DeploymentArgs};
use crate::job::resolve::JobSelector;
use crate::view::text::{self, say};
use crate::view::timeline::Timeline;

mod collect;
mod page;
mod print;

pub use collect::cost;
pub use print::print;

#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    #[command(flatten)]
    pub selector: JobSelector,
    /// Write a self-contained page for a browser and print its path. Default path: {execution}.html; `-` prints the page.
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub html: Option<Option<PathBuf>>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Name of the execution.
    pub execution: String,
    pub status: ExecutionStatus,
    /// Seconds from its start to its end, or until now.
    pub seconds: f64,
    pub states: Vec<StateTotal>,
    /// The metrics of docs/metrics.md.
    #[serde(flatten)]
    pub metrics: Metrics,
}

/// All visits of one state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StateTotal {
    pub state: String,
    pub seconds: f64,
    /// Share of the time of the execution, from 0 to 1. States in branches overlap.
    pub share: f64,
    /// Number of failures, by error name.
    pub errors: BTreeMap<String, usize>,
}

pub async fn run(deployment: &DeploymentArgs, args: &ReportArgs) -> CommandResult {
    let (report, page) = report(&deployment.connect_noted().await?, args).await?;
    say(&page.unwrap_or_else(|| print(&report, args.selector.json)));
    Ok(Exit::Done)
}

/// The report and, if a page was requested, its path or the page itself.
///
/// # Errors
/// `JobUnknown`, `JobAmbiguous`, `NothingPlanned` if a page was requested for a job without a plan, or those of the calls.
pub async fn report(
    connection: &Connection,
    args: &ReportArgs,
) -> Result<(Report, Option<String>), CliError> {
    let job = args.selector.job.resolve(connection).await?;
    let summary = &job.execution()?.summary;
    let end = summary.stopped_ms.unwrap_or(connection.clock.now().0);
    let seconds = text::seconds(end - summary.started_ms);
    let timeline = Timeline::of(&job.history);
    let report = Report {
        execution: summary.name.clone(),
        status: summary.status,
        seconds,
        states: states(&timeline, seconds, end),
        metrics: collect::metrics(connection, &job, end).await?,
    };
    let page = match &args.html {
        Some(file) => {
            let page = page::page(connection, &job, &timeline, &report.metrics, end).await?;
            Some(page::write(file.as_deref(), &report.execution, page)?)
        }
        None => None,
    };
    Ok((report, page))
}

fn keys_of(row: &Row) -> GenerationKeys {
    GenerationKeys::new(&row.asset, &row.job_key, row.generation)
}

fn states(timeline: &Timeline, whole: f64, end: i64) -> Vec<StateTotal> {
    let mut totals: Vec<StateTotal> = Vec::new();
    for visit in &timeline.visits {
        let found = totals.iter().position(|t| t.state == visit.state);
        let at = found.unwrap_or(totals.len());
        if found.is_none() {
            totals.push(StateTotal {
                state: visit.state.clone(),
                seconds: 0.0,
                share: 0.0,
                errors: BTreeMap::new(),
            });
        }
        let total = &mut totals[at];
        total.seconds += visit.seconds(end);
        if whole > 0.0 {
            total.share = total.seconds / whole;
        }
        for failure in &visit.failures {
            *total.errors.entry(failure.error.clone()).or_default() += 1;
        }
    }
    totals
}

#[cfg(test)]
mod tests;
