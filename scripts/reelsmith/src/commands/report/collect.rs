//! Collecting the metrics of a job from the table, the records in S3, and the histories of its executions.

use std::collections::{BTreeMap, BTreeSet};

use reelsmith_aws::operate::{HistoryEvent, HistoryKind};
use reelsmith_core::cost::{Architecture, CostModel, Estimate, Title, WorkFigures, estimate};
use reelsmith_core::job::Job;
use reelsmith_core::keys::{GenerationKeys, JobKeys};
use reelsmith_core::plan::Plan;
use reelsmith_core::probe::Inspection;
use reelsmith_core::record::FailureNote;
use reelsmith_core::submission::Row;
use reelsmith_pipeline::proof::page;
use reelsmith_report::metrics::{
    CompletedUnit, Cost, Latency, Metrics, Replay, Retries, StateData, bytes_read, chunk_encode,
    concurrency, resumes,
};

use super::keys_of;
use crate::error::CliError;
use crate::job::connection::Connection;
use crate::job::parallelism::{RecordedUnit, recorded_units};
use crate::job::resolve::ResolvedJob;
use crate::view::text;

/// The Maps whose items are work units.
const WORK: [&str; 3] = [
    "TranscodeChunks",
    "EncodeAudioTracks",
    "ConvertCaptionTracks",
];

/// All metrics of a job; `end` is the end of its execution, or now.
pub(super) async fn metrics(
    connection: &Connection,
    job: &ResolvedJob,
    end: i64,
) -> Result<Metrics, CliError> {
    let chain = ExecutionChain::of(connection, job).await?;
    let Some(row) = &job.row else {
        return Ok(Metrics {
            latency: latency(chain.began, end, None),
            retries: chain.retries(job, BTreeMap::new()),
            state: state(connection, job, 0, 0).await?,
            ..Metrics::default()
        });
    };
    let keys = keys_of(row);
    // Notes that cannot be read only mean that no retry is shown.
    let notes = page::failures(&connection.outputs(), &keys).await;
    let notes = notes.unwrap_or_default();
    let done = units(connection, &keys, &notes).await?;
    let estimate = model(connection, row, &keys).await;
    let outputs = connection.outputs();
    let inspection: Option<Inspection> = outputs
        .find(&JobKeys(&row.job_key).probe())
        .await
        .ok()
        .flatten();
    let checkpoints = checkpoints(connection, &keys).await?;
    Ok(Metrics {
        latency: latency(
            chain.began,
            end,
            estimate.as_ref().map(|e| e.minutes * 60.0),
        ),
        chunk_encode: chunk_encode(&done, chain.began),
        concurrency: concurrency(&done),
        retries: chain.retries(job, of_notes(&notes)),
        replay: chain.replay(&done, job.execution()?.summary.started_ms),
        state: state(connection, job, done.len(), checkpoints).await?,
        bytes_read: bytes_read(&done, inspection.map(|i| i.size.0)),
        cost: estimate.as_ref().map(Cost::from),
    })
}

/// The cost of a job by the model of docs/cost.md; `None` if the job has no plan, or one of another version.
pub async fn cost(connection: &Connection, row: &Row) -> Option<Cost> {
    let estimate = model(connection, row, &keys_of(row)).await?;
    Some(Cost::from(&estimate))
}

async fn model(connection: &Connection, row: &Row, keys: &GenerationKeys) -> Option<Estimate> {
    let outputs = connection.outputs();
    let of_job = JobKeys(&row.job_key);
    let job: Job = outputs.find(&of_job.job()).await.ok()??;
    let inspection: Inspection = outputs.find(&of_job.probe()).await.ok()??;
    let plan: Plan = outputs.find(&keys.plan()).await.ok()??;
    let title = Title::planned(&job, &inspection, &plan);
    let model = CostModel::new(Architecture::default(), row.encoder);
    Some(estimate(&title, &model))
}

fn latency(began: i64, end: i64, programme_s: Option<f64>) -> Latency {
    let seconds = text::seconds(end - began);
    let speed = programme_s.filter(|_| seconds > 0.0).map(|p| p / seconds);
    Latency {
        seconds,
        programme_s,
        speed,
    }
}

/// The successive executions of a job.
struct ExecutionChain {
    /// Start of the first execution, in milliseconds since the epoch.
    began: i64,
    /// Starts of the other executions and times of the redrives.
    resumed: Vec<i64>,
    /// Error names in the histories of the earlier executions.
    failed: Vec<String>,
    /// Items of Maps that the earlier executions began but did not complete.
    in_flight: u64,
}

impl ExecutionChain {
    /// The failures in the row name the earlier executions. Those that Step Functions no longer keeps are left out.
    async fn of(connection: &Connection, job: &ResolvedJob) -> Result<Self, CliError> {
        let this = &job.execution()?.summary;
        let tally = connection.operations.tally(&this.arn).await?;
        let mut chain = Self {
            began: this.started_ms,
            resumed: tally.resumed_ms,
            failed: Vec::new(),
            in_flight: 0,
        };
        let row = job.row.iter();
        let owners: BTreeSet<&str> = row
            .flat_map(|r| r.failures.iter().filter(|f| f.generation == r.generation))
            .map(|f| f.owner.as_str())
            .filter(|owner| *owner != this.arn)
            .collect();
        let mut starts = vec![this.started_ms];
        for owner in owners {
            let Some(view) = connection.operations.execution(owner).await? else {
                continue;
            };
            if view.summary.started_ms > this.started_ms {
                continue;
            }
            starts.push(view.summary.started_ms);
            let history = connection.operations.history(owner, 0).await?;
            chain.failed.extend(failures(&history));
            let maps = connection.operations.map_runs(owner).await?;
            let work = maps.iter().filter(|m| WORK.contains(&m.label.as_str()));
            chain.in_flight += work.map(|m| m.failed + m.running).sum::<u64>();
        }
        starts.sort_unstable();
        chain.began = starts[0];
        chain.resumed.extend(&starts[1..]);
        chain.resumed.sort_unstable();
        Ok(chain)
    }

    fn retries(&self, job: &ResolvedJob, pieces: BTreeMap<String, usize>) -> Retries {
        let mut states = BTreeMap::new();
        for error in self.failed.iter().cloned().chain(failures(&job.history)) {
            *states.entry(error).or_default() += 1;
        }
        Retries { states, pieces }
    }

    /// Work units that ended before this execution started belong to an earlier execution, even if nothing else of it is
    /// known.
    fn replay(&self, done: &[CompletedUnit], started: i64) -> Replay {
        let mut resumed = self.resumed.clone();
        if resumed.is_empty() && done.iter().any(|d| d.run.ended.0 < started) {
            resumed.push(started);
        }
        let resumes = resumes(done, &resumed, self.began);
        let Some(last) = resumed.last() else {
            return Replay::default();
        };
        let across = |d: &&CompletedUnit| d.run.started.0 < *last && d.run.ended.0 > *last;
        let new = done.iter().filter(|d| d.run.started.0 >= *last).count() as u64;
        // A worker can complete its unit after its execution has ended.
        let completed_later = done.iter().filter(across).count() as u64;
        let redone_pieces = self.in_flight.saturating_sub(completed_later).min(new);
        let redone_share = redone_pieces as f64 / done.len().max(1) as f64;
        Replay {
            resumes,
            redone_pieces,
            redone_share,
        }
    }
}

fn failures(history: &[HistoryEvent]) -> impl Iterator<Item = String> {
    history.iter().filter_map(|event| match &event.kind {
        HistoryKind::TaskFailed { error, .. } => Some(error.clone()),
        _ => None,
    })
}

fn of_notes(notes: &[FailureNote]) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for note in notes {
        *all.entry(note.error.clone()).or_default() += 1;
    }
    all
}

/// The completed work units.
async fn units(
    connection: &Connection,
    keys: &GenerationKeys,
    notes: &[FailureNote],
) -> Result<Vec<CompletedUnit>, CliError> {
    let bucket = &connection.names.output_bucket;
    let work = WorkFigures::measured();
    let found = recorded_units(connection, bucket, keys.work_prefix()).await?;
    let unit = |d: RecordedUnit| {
        let function = match d.name.split_once('/') {
            Some(("audio", _)) => "encode_audio",
            Some(_) => "convert_captions",
            None => "transcode_chunk",
        };
        CompletedUnit {
            gib: f64::from(work.size(function).memory_mb) / 1024.0,
            retried: notes.iter().any(|n| n.record == d.record),
            name: d.name,
            run: d.run,
        }
    };
    Ok(found.into_iter().map(unit).collect())
}

/// Size of plan, records and report in bytes.
async fn checkpoints(connection: &Connection, keys: &GenerationKeys) -> Result<u64, CliError> {
    let bucket = &connection.names.output_bucket;
    let listed = connection.list(bucket, keys.work_prefix()).await?;
    Ok(listed.iter().map(|o| o.size).sum())
}

async fn state(
    connection: &Connection,
    job: &ResolvedJob,
    pieces: usize,
    checkpoints: u64,
) -> Result<StateData, CliError> {
    let arn = &job.execution()?.summary.arn;
    let events = connection.operations.tally(arn).await?.events;
    let outputs = job.history.iter().filter_map(|e| match &e.kind {
        HistoryKind::Exited { state, output } => Some((output.len(), state)),
        _ => None,
    });
    let largest = outputs.max_by_key(|(size, _)| *size);
    let events_per_piece = events as f64 / pieces.max(1) as f64;
    Ok(StateData {
        events,
        events_per_piece,
        largest_bytes: largest.map_or(0, |(size, _)| size as u64),
        largest_at: largest.map(|(_, s)| s.clone()).unwrap_or_default(),
        checkpoint_bytes: checkpoints,
        checkpoint_bytes_per_piece: checkpoints / (pieces as u64).max(1),
    })
}
