//! The metrics of a job, from wherever each of them is kept.

use std::collections::{BTreeMap, BTreeSet};

use reelsmith_aws::operate::{HistoryEvent, HistoryKind};
use reelsmith_core::cost::{Architecture, CostModel, Estimate, Title, WorkFigures, estimate};
use reelsmith_core::job::Job;
use reelsmith_core::keys::{GenerationKeys, JobKeys};
use reelsmith_core::plan::Plan;
use reelsmith_core::probe::Inspection;
use reelsmith_core::record::FailureNote;
use reelsmith_core::submission::Row;
use reelsmith_report::metrics::{
    CompletedUnit, Cost, Latency, Metrics, Replay, Retries, StateData, bytes_read, chunk_encode,
    concurrency, resumes,
};

use super::keys_of;
use crate::error::Trouble;
use crate::job::fetch::unlisted;
use crate::job::subject::Subject;
use crate::job::target::Target;
use crate::job::workers::done;
use crate::view::text;

/// The Maps whose items are pieces of work.
const WORK: [&str; 3] = [
    "TranscodeChunks",
    "EncodeAudioTracks",
    "ConvertCaptionTracks",
];

/// Everything that is measured of a job; `end` is when its execution ended, or now.
pub(super) async fn metrics(
    target: &Target,
    subject: &Subject,
    end: i64,
) -> Result<Metrics, Trouble> {
    let chain = Chain::of(target, subject).await?;
    let Some(row) = &subject.row else {
        return Ok(Metrics {
            latency: latency(chain.began, end, None),
            retries: chain.retries(subject, BTreeMap::new()),
            state: state(target, subject, 0, 0).await?,
            ..Metrics::default()
        });
    };
    let keys = keys_of(row);
    let notes = notes(target, &keys).await;
    let done = pieces(target, &keys, &notes).await?;
    let estimate = model(target, row, &keys).await;
    let outputs = target.outputs();
    let inspection: Option<Inspection> = outputs
        .find(&JobKeys(&row.job_key).probe())
        .await
        .ok()
        .flatten();
    let checkpoints = checkpoints(target, &keys).await?;
    Ok(Metrics {
        latency: latency(
            chain.began,
            end,
            estimate.as_ref().map(|e| e.minutes * 60.0),
        ),
        chunk_encode: chunk_encode(&done, chain.began),
        concurrency: concurrency(&done),
        retries: chain.retries(subject, of_notes(&notes)),
        replay: chain.replay(&done, subject.execution()?.summary.started_ms),
        state: state(target, subject, done.len(), checkpoints).await?,
        bytes_read: bytes_read(&done, inspection.map(|i| i.size.0)),
        cost: estimate.as_ref().map(Cost::from),
    })
}

/// What the job wrote of itself, priced. A job of another version is not an error: its cost is only not known.
pub async fn cost(target: &Target, row: &Row) -> Option<Cost> {
    let estimate = model(target, row, &keys_of(row)).await?;
    Some(Cost::from(&estimate))
}

async fn model(target: &Target, row: &Row, keys: &GenerationKeys) -> Option<Estimate> {
    let outputs = target.outputs();
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

/// The executions of a job one after the other.
struct Chain {
    /// Start of the first.
    began: i64,
    /// When each of the others, and each redrive, went on.
    moments: Vec<i64>,
    /// Failures in the histories of the earlier ones.
    failed: Vec<String>,
    /// Items of Maps that the earlier ones had begun and not ended well.
    in_flight: u64,
}

impl Chain {
    /// The row tells who held the job before. Executions that Step Functions does not keep any more are left out.
    async fn of(target: &Target, subject: &Subject) -> Result<Self, Trouble> {
        let this = &subject.execution()?.summary;
        let tally = target.operations.tally(&this.arn).await?;
        let mut chain = Self {
            began: this.started_ms,
            moments: tally.resumed_ms,
            failed: Vec::new(),
            in_flight: 0,
        };
        let row = subject.row.iter();
        let owners: BTreeSet<&str> = row
            .flat_map(|r| r.failures.iter().filter(|f| f.generation == r.generation))
            .map(|f| f.owner.as_str())
            .filter(|owner| *owner != this.arn)
            .collect();
        let mut starts = vec![this.started_ms];
        for owner in owners {
            let Some(view) = target.operations.execution(owner).await? else {
                continue;
            };
            if view.summary.started_ms > this.started_ms {
                continue;
            }
            starts.push(view.summary.started_ms);
            let history = target.operations.history(owner, 0).await?;
            chain.failed.extend(failures(&history));
            let maps = target.operations.map_runs(owner).await?;
            let work = maps.iter().filter(|m| WORK.contains(&m.label.as_str()));
            chain.in_flight += work.map(|m| m.failed + m.running).sum::<u64>();
        }
        starts.sort_unstable();
        chain.began = starts[0];
        chain.moments.extend(&starts[1..]);
        chain.moments.sort_unstable();
        Ok(chain)
    }

    fn retries(&self, subject: &Subject, pieces: BTreeMap<String, usize>) -> Retries {
        let mut states = BTreeMap::new();
        for error in self
            .failed
            .iter()
            .cloned()
            .chain(failures(&subject.history))
        {
            *states.entry(error).or_default() += 1;
        }
        Retries { states, pieces }
    }

    /// Pieces that were done before this execution began were made by one that left nothing else behind.
    fn replay(&self, done: &[CompletedUnit], started: i64) -> Replay {
        let mut moments = self.moments.clone();
        if moments.is_empty() && done.iter().any(|d| d.run.ended.0 < started) {
            moments.push(started);
        }
        let resumes = resumes(done, &moments, self.began);
        let Some(last) = moments.last() else {
            return Replay::default();
        };
        let across = |d: &&CompletedUnit| d.run.started.0 < *last && d.run.ended.0 > *last;
        let new = done.iter().filter(|d| d.run.started.0 >= *last).count() as u64;
        // A worker that was at it when its execution ended may have ended well all the same.
        let ended_anyway = done.iter().filter(across).count() as u64;
        let redone_pieces = self.in_flight.saturating_sub(ended_anyway).min(new);
        #[expect(clippy::cast_precision_loss, reason = "for showing only")]
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

/// What workers noted that gave up: the notes that are there, else what was kept of them.
async fn notes(target: &Target, keys: &GenerationKeys) -> Vec<FailureNote> {
    let outputs = target.outputs();
    let kept: Option<Vec<FailureNote>> = outputs.find(&keys.retries()).await.ok().flatten();
    let mut notes = kept.unwrap_or_default();
    let listed = target
        .store
        .list(outputs.bucket(), &keys.failures_prefix())
        .await;
    for object in listed.unwrap_or_default() {
        if let Ok(Some(note)) = outputs.find::<FailureNote>(&object.key).await {
            notes.retain(|n| n.record != note.record);
            notes.push(note);
        }
    }
    notes
}

fn of_notes(notes: &[FailureNote]) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for note in notes {
        *all.entry(note.error.clone()).or_default() += 1;
    }
    all
}

async fn pieces(
    target: &Target,
    keys: &GenerationKeys,
    notes: &[FailureNote],
) -> Result<Vec<CompletedUnit>, Trouble> {
    let bucket = &target.names.output_bucket;
    let work = WorkFigures::measured();
    let found = done(&target.store, bucket, keys.work_prefix()).await?;
    let piece = |d: crate::job::workers::Done| {
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
    Ok(found.into_iter().map(piece).collect())
}

/// Bytes of plan, records and report.
async fn checkpoints(target: &Target, keys: &GenerationKeys) -> Result<u64, Trouble> {
    let (bucket, prefix) = (&target.names.output_bucket, keys.work_prefix());
    let listed = target.store.list(bucket, prefix).await;
    let listed = listed.map_err(|e| unlisted(prefix, e))?;
    Ok(listed.iter().map(|o| o.size).sum())
}

async fn state(
    target: &Target,
    subject: &Subject,
    pieces: usize,
    checkpoints: u64,
) -> Result<StateData, Trouble> {
    let arn = &subject.execution()?.summary.arn;
    let events = target.operations.tally(arn).await?.events;
    let outputs = subject.history.iter().filter_map(|e| match &e.kind {
        HistoryKind::Exited { state, output } => Some((output.len(), state)),
        _ => None,
    });
    let largest = outputs.max_by_key(|(size, _)| *size);
    #[expect(clippy::cast_precision_loss, reason = "for showing only")]
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
