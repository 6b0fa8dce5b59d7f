//! `reelsmith show`: everything that is known of a job.

use reelsmith_aws::operate::MapRun;
use reelsmith_core::submission::{Outputs, Row};
use reelsmith_report::metrics::Cost;
use serde::Serialize;

use crate::commands::list::Status;
use crate::commands::report::cost;
use crate::error::Trouble;
use crate::job::outcome::{Failed, Outcome};
use crate::job::subject::{About, Subject};
use crate::job::target::Target;
use crate::job::workers::Workers;
use crate::view::text;
use crate::view::timeline::{Timeline, Visit};

mod print;

pub use print::print;

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    /// The execution; absent where Step Functions does not keep it any more.
    pub execution: Option<Execution>,
    /// The row of the submission table; absent where the execution failed before there was one.
    pub job: Option<Row>,
    /// What is published.
    pub outputs: Option<Published>,
    /// The states the execution went through.
    pub states: Vec<State>,
    /// The Maps and their items.
    pub maps: Vec<Map>,
    /// How parallel the encode was.
    pub workers: Option<Workers>,
    /// What it cost by the model of docs/cost.md, once it is planned.
    pub cost: Option<Cost>,
}

/// An execution.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Execution {
    /// Name.
    pub name: String,
    /// ARN.
    pub arn: String,
    /// How it stands.
    pub status: Status,
    /// Start, RFC 3339.
    pub started: String,
    /// Seconds from start to end, or until now.
    pub seconds: f64,
    /// What it was started with.
    pub input: serde_json::Value,
    /// Whether it encoded, or found the job done or being done.
    pub decision: Option<String>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// Its page in the console of AWS.
    pub console: Option<String>,
}

/// Why an execution failed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failure {
    /// Error name.
    pub error: String,
    /// What was expected, what was found, where, what to do.
    pub cause: String,
    /// Both, as people read them.
    #[serde(skip)]
    pub told: String,
}

/// Where outputs are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Published {
    /// The multivariant playlist.
    pub hls: String,
    /// The MPD.
    pub dash: Option<String>,
    /// The conformance report.
    pub report: String,
    /// Number of deliverables.
    pub files: usize,
    /// Size of all of them.
    pub bytes: u64,
}

/// One visit of a state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct State {
    /// Name.
    pub state: String,
    /// 1 for a state in a branch.
    pub depth: usize,
    /// Seconds after the execution's start.
    pub after: f64,
    /// Seconds in it, until now where it goes on.
    pub seconds: f64,
    /// Whether it goes on.
    pub open: bool,
    /// Names of the errors that were met in it.
    pub errors: Vec<String>,
}

/// One Map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Map {
    /// Label.
    pub label: String,
    /// All items.
    pub total: u64,
    /// Items that ended well.
    pub succeeded: u64,
    /// Items that failed.
    pub failed: u64,
    /// Items under way.
    pub running: u64,
}

impl From<MapRun> for Map {
    fn from(run: MapRun) -> Self {
        Self {
            label: run.label,
            total: run.total,
            succeeded: run.succeeded,
            failed: run.failed,
            running: run.running,
        }
    }
}

/// Collects.
///
/// # Errors
/// `JobUnknown`, or those of the calls.
pub async fn show(target: &Target, request: &About) -> Result<Shown, Trouble> {
    let subject = Subject::find(target, request.job.as_deref()).await?;
    let now = target.clock.now().0;
    let maps = match &subject.execution {
        Some(e) => target.operations.map_runs(&e.summary.arn).await?,
        None => Vec::new(),
    };
    let outputs = subject.row.as_ref().and_then(|r| r.outputs.as_ref());
    let workers = match outputs {
        Some(outputs) => Some(Workers::of_job(&target.store, outputs).await?),
        None => None,
    };
    let cost = match &subject.row {
        Some(row) => cost(target, row).await,
        None => None,
    };
    let summary = subject.execution.as_ref().map(|e| &e.summary);
    let began = summary.map_or(0, |s| s.started_ms);
    let ended = summary.and_then(|s| s.stopped_ms);
    let timeline = Timeline::of(&subject.history);
    Ok(Shown {
        outputs: match outputs {
            Some(outputs) => Some(published(target, outputs).await?),
            None => None,
        },
        states: timeline
            .visits
            .iter()
            .map(|v| state(v, began, ended, now))
            .collect(),
        maps: maps.into_iter().map(Map::from).collect(),
        execution: execution(target, &subject, now),
        job: subject.row,
        workers: workers.filter(|w| w.pieces > 0),
        cost,
    })
}

fn execution(target: &Target, subject: &Subject, now: i64) -> Option<Execution> {
    let view = subject.execution.as_ref()?;
    let summary = &view.summary;
    let ended = summary.stopped_ms.unwrap_or(now);
    let status = Status::from(summary.status);
    let failed = match status {
        Status::Running => None,
        _ => Outcome::of(view).ok().and_then(|o| match o {
            Outcome::Failed(failed) => Some(failed),
            _ => None,
        }),
    };
    let output = view.output.as_deref().unwrap_or_default();
    let output: Option<serde_json::Value> = serde_json::from_str(output).ok();
    Some(Execution {
        name: summary.name.clone(),
        arn: summary.arn.clone(),
        status,
        started: text::instant(summary.started_ms),
        seconds: text::seconds(ended - summary.started_ms),
        input: serde_json::from_str(&view.input).unwrap_or_default(),
        decision: output.and_then(|o| o["decision"].as_str().map(str::to_owned)),
        failure: failed.map(failure),
        console: target.console_url(&summary.arn),
    })
}

fn failure(failed: Failed) -> Failure {
    Failure {
        told: failed.describe(),
        error: failed.error,
        cause: failed.cause,
    }
}

async fn published(target: &Target, outputs: &Outputs) -> Result<Published, Trouble> {
    let listed = target.store.list(&outputs.bucket, &outputs.prefix).await;
    let listed = listed.map_err(|e| crate::job::fetch::unlisted(&outputs.prefix, e))?;
    let at = |key: &String| format!("s3://{}/{key}", outputs.bucket);
    Ok(Published {
        hls: at(&outputs.hls),
        dash: outputs.dash.as_ref().map(at),
        report: at(&outputs.report),
        files: listed.len(),
        bytes: listed.iter().map(|o| o.size).sum(),
    })
}

/// A state in which an execution ended is never left.
fn state(visit: &Visit, began: i64, ended: Option<i64>, now: i64) -> State {
    State {
        state: visit.state.clone(),
        depth: visit.depth,
        after: text::seconds(visit.entered_ms - began),
        seconds: visit.seconds(ended.unwrap_or(now)),
        open: visit.left_ms.is_none() && ended.is_none(),
        errors: visit.failures.iter().map(|f| f.error.clone()).collect(),
    }
}

#[cfg(test)]
mod tests;
