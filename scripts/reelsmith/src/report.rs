//! `reelsmith report`: where the time of a job went, how its workers did, what was done twice, what it cost.

use std::collections::BTreeMap;

use clap::Args;
use reelsmith_core::cost::{Architecture, Deployment as CostModel, Title, Usd, estimate};
use reelsmith_core::job::Job;
use reelsmith_core::keys::{GenerationKeys, JobKeys};
use reelsmith_core::plan::Plan;
use reelsmith_core::probe::Inspection;
use reelsmith_core::record::WorkerRun;
use reelsmith_core::submission::Row;
use serde::Serialize;

use crate::list::Status;
use crate::subject::Subject;
use crate::target::Target;
use crate::text;
use crate::timeline::Timeline;
use crate::trouble::Trouble;
use crate::workers::{Workers, runs};

mod print;

pub use print::print;

/// What is to be reported.
#[derive(Args, Clone, Debug)]
pub struct Request {
    /// An execution, a job key, a title, or the beginning of one; the newest execution where not given.
    pub job: Option<String>,
    /// JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

/// Facts of one execution.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Name of the execution.
    pub execution: String,
    /// How it stands.
    pub status: Status,
    /// Seconds from start to end, or until now.
    pub seconds: f64,
    /// Each state: visits, seconds in all of them, errors that were met.
    pub states: Vec<StateSum>,
    /// What the workers did.
    pub workers: Option<WorkerSum>,
    /// What the model of docs/cost.md says of the plan.
    pub cost: Option<CostSum>,
}

/// One state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StateSum {
    /// Name.
    pub state: String,
    /// Seconds in it.
    pub seconds: f64,
    /// Part of the execution's time, from 0 to 1. States in branches overlap.
    pub share: f64,
    /// How often a function failed in it, by error.
    pub errors: BTreeMap<String, usize>,
}

/// The workers of a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorkerSum {
    /// Counts.
    #[serde(flatten)]
    pub all: Workers,
    /// Pieces that had a record before this execution began: not encoded again.
    pub reused: usize,
    /// Seconds of a piece: half of them took at most this.
    pub median_s: f64,
    /// Seconds of a piece: nineteen of twenty took at most this.
    pub p95_s: f64,
    /// Seconds of the longest piece.
    pub longest_s: f64,
    /// Processor seconds of the encoder in all.
    pub cpu_s: f64,
    /// Bytes of the mezzanine that were read in all.
    pub bytes_read: u64,
}

/// Cost by the model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CostSum {
    /// Everything that is billed once.
    pub total: Usd,
    /// The same for a minute of programme.
    pub total_minute: Usd,
    /// Worker seconds that the model expects; compare with `workers.work_ms`.
    pub expected_worker_s: f64,
}

/// Collects.
///
/// # Errors
/// `JobUnknown`, or those of the calls.
pub async fn report(target: &Target, request: &Request) -> Result<Report, Trouble> {
    let subject = Subject::find(target, request.job.as_deref()).await?;
    let summary = &subject.execution()?.summary;
    let now = target.clock.now().0;
    let seconds = text::seconds(summary.stopped_ms.unwrap_or(now) - summary.started_ms);
    let timeline = Timeline::of(&subject.history);
    let (workers, cost) = match &subject.row {
        Some(row) => {
            let keys = GenerationKeys::new(&row.asset, &row.job_key, row.generation);
            let runs = runs(
                &target.store,
                &target.names.output_bucket,
                keys.work_prefix(),
            )
            .await?;
            (
                workers(&runs, summary.started_ms),
                cost(target, row, &keys).await,
            )
        }
        None => (None, None),
    };
    Ok(Report {
        execution: summary.name.clone(),
        status: summary.status.into(),
        seconds,
        states: states(&timeline, seconds, summary.stopped_ms.unwrap_or(now)),
        workers,
        cost,
    })
}

fn states(timeline: &Timeline, whole: f64, end: i64) -> Vec<StateSum> {
    let mut sums: Vec<StateSum> = Vec::new();
    for visit in &timeline.visits {
        let found = sums.iter().position(|s| s.state == visit.state);
        let at = found.unwrap_or_else(|| {
            sums.push(StateSum {
                state: visit.state.clone(),
                seconds: 0.0,
                share: 0.0,
                errors: BTreeMap::new(),
            });
            sums.len() - 1
        });
        let sum = &mut sums[at];
        sum.seconds += visit.seconds(end);
        sum.share = if whole > 0.0 {
            sum.seconds / whole
        } else {
            0.0
        };
        for failure in &visit.failures {
            *sum.errors.entry(failure.error.clone()).or_default() += 1;
        }
    }
    sums
}

fn workers(runs: &[WorkerRun], began: i64) -> Option<WorkerSum> {
    if runs.is_empty() {
        return None;
    }
    let mut took: Vec<i64> = runs.iter().map(|r| r.ended.0 - r.started.0).collect();
    took.sort_unstable();
    let at = |percent: usize| text::seconds(took[(took.len() * percent).div_ceil(100).max(1) - 1]);
    Some(WorkerSum {
        all: Workers::of(runs),
        reused: runs.iter().filter(|r| r.ended.0 < began).count(),
        median_s: at(50),
        p95_s: at(95),
        longest_s: at(100),
        cpu_s: text::seconds(
            i64::try_from(runs.iter().map(|r| r.cpu_ms).sum::<u64>()).unwrap_or(i64::MAX),
        ),
        bytes_read: runs.iter().map(|r| r.bytes_read.0).sum(),
    })
}

/// What the job wrote of itself, priced. A job of another version is not an error: its cost is only not known.
pub async fn cost(target: &Target, row: &Row, keys: &GenerationKeys) -> Option<CostSum> {
    let outputs = target.outputs();
    let of_job = JobKeys(&row.job_key);
    let job: Job = outputs.find(&of_job.job()).await.ok()??;
    let inspection: Inspection = outputs.find(&of_job.probe()).await.ok()??;
    let plan: Plan = outputs.find(&keys.plan()).await.ok()??;
    let title = Title::planned(&job, &inspection, &plan);
    let estimate = estimate(
        &title,
        &CostModel::new(Architecture::default(), row.encoder),
    );
    Some(CostSum {
        total: estimate.total,
        total_minute: estimate.total_minute,
        expected_worker_s: estimate.worker_seconds,
    })
}

#[cfg(test)]
mod tests;
