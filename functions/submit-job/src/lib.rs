//! Reserves the job, so that exactly one execution encodes it, and commits it if the encoder is our own.
//!
//! Reads `job.json`, and `probe.json` for the cost cap. Writes the row of the job; for a duplicate also a message, and what a
//! stopped execution left undone: the pointer `current.json` and the cleanup. Returns the decision (encode, or the duplicate of
//! a running or complete job) with the hold. A duplicate is a result, not an error. Errors: `EncoderUnavailable`,
//! `CostLimitExceeded`, `SubmissionLost`, and those of storage, table and Step Functions.

use std::sync::Arc;

use reelsmith_contract::notice::{Event, JobDuplicate, Notice, execution_outbox};
use reelsmith_contract::payload::{Claim, Decision, JobRef, SubmitJobInput, SubmitJobOutput};
use reelsmith_contract::{ErrorName, Failure, Objects, PortResultExt as _};
use reelsmith_core::cost::Usd;
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::job::Job;
use reelsmith_core::keys::GenerationKeys;
use reelsmith_core::ports::Workflow;
use reelsmith_core::record::Current;
use reelsmith_core::submission::{Row, State, Step, TransitionOutcome};
use reelsmith_pipeline::cleanup::delete_working_files;
use reelsmith_pipeline::submission::Submissions;
use reelsmith_pipeline::{Invocation, cost, publication, records};

pub struct Ports {
    pub outputs: Objects,
    pub submissions: Submissions,
    /// Knows whether the execution that holds a job has ended.
    pub workflow: Arc<dyn Workflow>,
    pub lease_seconds: u32,
    /// Start a new generation of complete jobs.
    pub force: bool,
    pub cap: Option<Usd>,
    pub mediaconvert: bool,
}

/// Reserves the job, then commits it.
pub async fn handle(
    ports: Arc<Ports>,
    input: SubmitJobInput,
    invocation: Invocation,
) -> Result<SubmitJobOutput, Failure> {
    let job = records::job(&ports.outputs, &input.job.job_key).await?;
    check_encoder(&ports, job.encoder)?;
    match reserve_or_take_over(&ports, &job, &input.execution.id).await? {
        TransitionOutcome::AlreadyApplied(row) if row.state != State::Reserved => {
            Ok(encode(&input.job, &row))
        }
        TransitionOutcome::Applied(row) | TransitionOutcome::AlreadyApplied(row) => {
            cost::check_cap(&ports.outputs, ports.cap, &job, &invocation).await?;
            match row.encoder {
                EncoderKind::Lambda => commit(&ports, &input, &row).await,
                // start-encode commits once MediaConvert has accepted the order, which follows from the plan.
                EncoderKind::MediaConvert => Ok(encode(&input.job, &row)),
            }
        }
        TransitionOutcome::Refused(Some(row)) if row.state == State::Failed => {
            Err(already_failed(&input, &row))
        }
        TransitionOutcome::Refused(Some(row)) => duplicate(&ports, &input, row).await,
        TransitionOutcome::Refused(None) => Err(Failure::internal(
            "a refusal without a row",
            "submission table",
        )),
    }
}

fn check_encoder(ports: &Ports, encoder: EncoderKind) -> Result<(), Failure> {
    match encoder {
        EncoderKind::MediaConvert if !ports.mediaconvert => Err(Failure::new(
            ErrorName::EncoderUnavailable,
            "the encoder lambda",
            "mediaconvert",
            "TranscodeSettings/Encoder or the setting ENCODER",
            "deploy with the module mediaconvert (docs/mediaconvert.md), or remove the choice and drop the manifest again",
        )),
        EncoderKind::Lambda | EncoderKind::MediaConvert => Ok(()),
    }
}

/// Reserves. A hold whose execution has ended is released first, so that nobody waits for its lease to end.
async fn reserve_or_take_over(
    ports: &Ports,
    job: &Job,
    owner: &str,
) -> Result<TransitionOutcome, Failure> {
    let outcome = reserve(ports, job, owner).await?;
    if let TransitionOutcome::Refused(Some(row)) = &outcome
        && row.state.is_live()
        && ports
            .submissions
            .release_ended(ports.workflow.as_ref(), row)
            .await?
    {
        return reserve(ports, job, owner).await;
    }
    Ok(outcome)
}

async fn reserve(ports: &Ports, job: &Job, owner: &str) -> Result<TransitionOutcome, Failure> {
    let step = Step::Reserve {
        asset: job.asset.clone(),
        manifest_id: job.manifest.manifest_id.clone(),
        encoder: job.encoder,
        owner: owner.to_owned(),
        lease_seconds: ports.lease_seconds,
        force: ports.force || job.manifest.settings.force_reprocess,
    };
    ports.submissions.apply(&job.job_key, step, None).await
}

/// Commits a job to our own encoder, whose acceptance is the execution itself: the chunks are items of its Map.
async fn commit(
    ports: &Ports,
    input: &SubmitJobInput,
    row: &Row,
) -> Result<SubmitJobOutput, Failure> {
    let claim = claim(&input.job, row);
    let encoder_ref = format!("lambda:{}", input.execution.name);
    let row = ports
        .submissions
        .commit(&claim, encoder_ref, ports.lease_seconds);
    let row = row.await?;
    tracing::info!(
        attempt = row.attempt,
        generation = row.generation.0,
        "submitted"
    );
    Ok(encode(&input.job, &row))
}

/// The row refuses an execution that is among its failures: this call is late, and its execution has ended.
fn already_failed(input: &SubmitJobInput, row: &Row) -> Failure {
    Failure::new(
        ErrorName::SubmissionLost,
        format!("the first failure of {}", input.execution.id),
        "a failure that is already recorded",
        format!("submission {}", row.job_key),
        "no action needed if the call was late; to encode the job, drop its manifest again",
    )
}

fn claim(job: &JobRef, row: &Row) -> Claim {
    Claim {
        job_key: row.job_key.clone(),
        asset: job.asset.clone(),
        fence: row.fence(),
    }
}

fn encode(job: &JobRef, row: &Row) -> SubmitJobOutput {
    SubmitJobOutput {
        decision: Decision::Encode,
        encoder: row.encoder,
        claim: claim(job, row),
        outputs: None,
        outbox: row.job_key.to_string(),
    }
}

/// Another execution holds the job or has completed it: writes a message about this execution.
async fn duplicate(
    ports: &Ports,
    input: &SubmitJobInput,
    row: Row,
) -> Result<SubmitJobOutput, Failure> {
    let own = execution_outbox(&input.execution.name);
    let (decision, outbox) = match row.state {
        State::Complete => {
            finish_publication(ports, &row).await?;
            let outbox = outbox_with_messages(ports, &row).await?;
            (Decision::DuplicateComplete, outbox.unwrap_or(own))
        }
        _ => (Decision::DuplicateRunning, own),
    };
    let claim = claim(&input.job, &row);
    tracing::info!(decision = decision.as_str(), held_by = %row.owner, "duplicate");
    let notice = Notice::new(Event::Duplicate(JobDuplicate {
        decision,
        job_key: row.job_key,
        asset: row.asset,
        manifest_id: row.manifest_id,
        execution: input.execution.id.clone(),
        held_by: row.owner,
        generation: row.generation,
        outputs: row.outputs.clone(),
    }));
    let entry = notice.entry(&outbox, ports.submissions.now());
    ports.submissions.table().enqueue(&entry).await.on_table()?;
    Ok(SubmitJobOutput {
        decision,
        encoder: row.encoder,
        claim,
        outputs: row.outputs,
        outbox,
    })
}

/// Moves the pointer and deletes the working files of a complete job, in case its execution was stopped before it could. A
/// pointer to a later publication remains.
async fn finish_publication(ports: &Ports, row: &Row) -> Result<(), Failure> {
    let keys = GenerationKeys::new(&row.asset, &row.job_key, row.generation);
    if let Some(outputs) = &row.outputs {
        let current = Current {
            job_key: row.job_key.clone(),
            generation: row.generation,
            outputs: outputs.clone(),
            published: row.updated,
        };
        publication::move_pointer(&ports.outputs, &keys.current(), &current).await?;
    }
    let deleted = delete_working_files(&ports.outputs, &keys).await?;
    if deleted > 0 {
        tracing::info!(deleted, "finished the cleanup of another execution");
    }
    Ok(())
}

/// The job's outbox, if it contains a message that its execution was stopped before it could send. The `notify` state of this
/// execution then sends that message too.
async fn outbox_with_messages(ports: &Ports, row: &Row) -> Result<Option<String>, Failure> {
    let outbox = row.job_key.to_string();
    let pending = ports.submissions.table().pending(&outbox).await;
    Ok((!pending.on_table()?.is_empty()).then_some(outbox))
}

#[cfg(test)]
mod tests;
