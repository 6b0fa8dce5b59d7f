//! `reelsmith show`: everything that is known of a job.

use reelsmith_aws::operate::{ExecutionStatus, MapRun};
use reelsmith_core::submission::{Outputs, Row};
use reelsmith_report::metrics::Cost;
use serde::Serialize;

use crate::commands::report::cost;
use crate::error::{CliError, CommandResult, Exit};
use crate::job::connection::{Connection, DeploymentArgs};
use crate::job::outcome::ExecutionFailure;
use crate::job::parallelism::Parallelism;
use crate::job::resolve::{JobSelector, ResolvedJob};
use crate::view::text::{self, say};
use crate::view::timeline::{Timeline, Visit};

mod print;

pub use print::print;

/// Everything that is known of a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobDetails {
    /// `None` if Step Functions no longer keeps it.
    pub execution: Option<ExecutionDetails>,
    /// The row of the submission table; `None` if the execution failed before there was one.
    pub job: Option<Row>,
    pub outputs: Option<PublishedFiles>,
    /// The states that the execution went through.
    pub states: Vec<StateVisit>,
    pub maps: Vec<MapRun>,
    /// How parallel the encode was.
    pub workers: Option<Parallelism>,
    /// The cost by the model of docs/cost.md, once the job is planned.
    pub cost: Option<Cost>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExecutionDetails {
    pub name: String,
    pub arn: String,
    pub status: ExecutionStatus,
    /// Start, RFC 3339.
    pub started: String,
    /// Seconds from start to end, or until now.
    pub seconds: f64,
    pub input: serde_json::Value,
    /// What submit-job decided: whether to encode.
    pub decision: Option<String>,
    pub failure: Option<ExecutionFailure>,
    /// Its page in the AWS console.
    pub console: Option<String>,
}

/// The addresses and the size of the outputs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PublishedFiles {
    /// The multivariant playlist.
    pub hls: String,
    /// The MPD.
    pub dash: Option<String>,
    /// The conformance report.
    pub report: String,
    /// Number of deliverables.
    pub files: usize,
    /// Size of all deliverables.
    pub bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StateVisit {
    pub state: String,
    /// 1 for a state in a branch.
    pub depth: usize,
    /// Seconds from the start of the execution to this visit.
    pub after: f64,
    /// Seconds in the state, until now if the execution is still in it.
    pub seconds: f64,
    /// Whether the execution is still in the state.
    pub open: bool,
    /// Names of the errors in the state.
    pub errors: Vec<String>,
    /// The message about a file for which the execution waits in the state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awaits: Option<String>,
}

pub async fn run(deployment: &DeploymentArgs, selector: &JobSelector) -> CommandResult {
    let details = show(&deployment.connect_noted().await?, selector).await?;
    say(&print(&details, selector.json));
    Ok(Exit::Done)
}

/// Collects the details of a job.
///
/// # Errors
/// `JobUnknown`, `JobAmbiguous`, or those of the calls.
pub async fn show(connection: &Connection, selector: &JobSelector) -> Result<JobDetails, CliError> {
    let job = selector.job.resolve(connection).await?;
    let now = connection.clock.now().0;
    let maps = match &job.execution {
        Some(e) => connection.operations.map_runs(&e.summary.arn).await?,
        None => Vec::new(),
    };
    let (mut outputs, mut workers) = (None, None);
    if let Some(published) = job.outputs() {
        outputs = Some(published_files(connection, published).await?);
        workers = Some(Parallelism::of_job(connection, published).await?);
    }
    let cost = match &job.row {
        Some(row) => cost(connection, row).await,
        None => None,
    };
    let summary = job.execution.as_ref().map(|e| &e.summary);
    let began = summary.map_or(0, |s| s.started_ms);
    let ended = summary.and_then(|s| s.stopped_ms);
    let visits = Timeline::of(&job.history).visits;
    Ok(JobDetails {
        outputs,
        states: visits.iter().map(|v| state(v, began, ended, now)).collect(),
        maps,
        execution: execution(connection, &job, now),
        job: job.row,
        workers: workers.filter(|w| w.pieces > 0),
        cost,
    })
}

fn execution(connection: &Connection, job: &ResolvedJob, now: i64) -> Option<ExecutionDetails> {
    let view = job.execution.as_ref()?;
    let summary = &view.summary;
    let ended = summary.stopped_ms.unwrap_or(now);
    let output = view.output.as_deref().unwrap_or_default();
    let output: Option<serde_json::Value> = serde_json::from_str(output).ok();
    Some(ExecutionDetails {
        name: summary.name.clone(),
        arn: summary.arn.clone(),
        status: summary.status,
        started: text::instant(summary.started_ms),
        seconds: text::seconds(ended - summary.started_ms),
        input: serde_json::from_str(&view.input).unwrap_or_default(),
        decision: output.and_then(|o| o["decision"].as_str().map(str::to_owned)),
        failure: ExecutionFailure::of(view),
        console: connection.console_url(&summary.arn),
    })
}

async fn published_files(
    connection: &Connection,
    outputs: &Outputs,
) -> Result<PublishedFiles, CliError> {
    let listed = connection.list(&outputs.bucket, &outputs.prefix).await?;
    let address = |key: &String| format!("s3://{}/{key}", outputs.bucket);
    Ok(PublishedFiles {
        hls: address(&outputs.hls),
        dash: outputs.dash.as_ref().map(address),
        report: address(&outputs.report),
        files: listed.len(),
        bytes: listed.iter().map(|o| o.size).sum(),
    })
}

/// The history has no exit of the state in which an execution ended.
fn state(visit: &Visit, began: i64, ended: Option<i64>, now: i64) -> StateVisit {
    StateVisit {
        state: visit.state.clone(),
        depth: visit.depth,
        after: text::seconds(visit.entered_ms - began),
        seconds: visit.seconds(ended.unwrap_or(now)),
        open: visit.left_ms.is_none() && ended.is_none(),
        errors: visit.failures.iter().map(|f| f.error.clone()).collect(),
        awaits: visit
            .awaited()
            .filter(|_| ended.is_none())
            .map(|parts| parts.collect::<Vec<_>>().join("\n")),
    }
}

#[cfg(test)]
mod tests;
