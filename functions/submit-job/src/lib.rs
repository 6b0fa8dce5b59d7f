//! Reserves the job, so that exactly one execution encodes it, and commits where the encoder is our own.

mod cap;

use std::sync::Arc;

use reelsmith_contract::payload::{Claim, Decision, JobRef, SubmitJobInput, SubmitJobOutput};
use reelsmith_contract::setting::Setting;
use reelsmith_contract::{ErrorName, Failure, Objects};
use reelsmith_core::cost::Usd;
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::job::Job;
use reelsmith_core::keys::{GenerationKeys, JobKeys};
use reelsmith_core::ports::{Clock, SubmissionStore, Workflow};
use reelsmith_core::record::Current;
use reelsmith_core::submission::{
    Fence, NoticeKind, OutboxEntry, Row, State, Step, Transition, TransitionOutcome,
};
use reelsmith_lambda::Clients;
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::cleanup::delete_working_files;
use reelsmith_pipeline::publication;
use reelsmith_pipeline::submission::{advance, release_ended};

/// What this function works with.
pub struct Ports {
    /// The output bucket.
    pub outputs: Objects,
    /// The submission table.
    pub submissions: Arc<dyn SubmissionStore>,
    /// The state machine, which knows whether the holder of a job has ended.
    pub workflow: Arc<dyn Workflow>,
    /// Wall-clock time.
    pub clock: Arc<dyn Clock>,
    /// How long a hold is respected, in seconds.
    pub lease_seconds: u32,
    /// Start a new generation of complete jobs.
    pub force: bool,
    /// What a job may cost at most; none where there is no cap.
    pub cap: Option<Usd>,
    /// Whether the deployment has MediaConvert.
    pub mediaconvert: bool,
}

impl Ports {
    /// The ports of a deployed function.
    ///
    /// # Errors
    /// Where a setting is missing or wrong.
    pub async fn build(clients: &Clients) -> Result<Self, Failure> {
        Ok(Self {
            outputs: clients.outputs()?,
            submissions: clients.submissions()?,
            workflow: clients.workflow()?,
            clock: clients.clock(),
            lease_seconds: clients.settings().number(Setting::LEASE_SECONDS)?,
            force: clients.settings().flag(Setting::FORCE_REPROCESS)?,
            cap: clients.settings().amount(Setting::MAX_JOB_COST_USD)?,
            mediaconvert: !clients
                .settings()
                .text(Setting::MEDIACONVERT_ROLE_ARN)?
                .is_empty(),
        })
    }
}

/// Reserves, then commits. A duplicate is an answer, not an error.
///
/// # Errors
/// `EncoderUnavailable`, `CostLimitExceeded`, `SubmissionLost`, or those of storage and table.
pub async fn handle(
    ports: Arc<Ports>,
    input: SubmitJobInput,
    invocation: Invocation,
) -> Result<SubmitJobOutput, Failure> {
    let job: Job = ports
        .outputs
        .read(&JobKeys(&input.job.job_key).job())
        .await?;
    encoder_is_here(&ports, job.encoder)?;
    match take(&ports, &job, &input.execution.id).await? {
        TransitionOutcome::Applied(row) => hand_over(&ports, &input, &job, &invocation, row).await,
        TransitionOutcome::AlreadyApplied(row) if row.state == State::Reserved => {
            hand_over(&ports, &input, &job, &invocation, row).await
        }
        TransitionOutcome::AlreadyApplied(row) => Ok(encode(&input.job, &row)),
        TransitionOutcome::Refused(Some(row)) if row.state == State::Failed => {
            Err(gave_up(&input, &row))
        }
        TransitionOutcome::Refused(Some(row)) => duplicate(&ports, &input, row).await,
        TransitionOutcome::Refused(None) => Err(Failure::internal(
            "a refusal without a row",
            "submission table",
        )),
    }
}

fn encoder_is_here(ports: &Ports, encoder: EncoderKind) -> Result<(), Failure> {
    match encoder {
        EncoderKind::Lambda => Ok(()),
        EncoderKind::MediaConvert if ports.mediaconvert => Ok(()),
        EncoderKind::MediaConvert => Err(Failure::new(
            ErrorName::EncoderUnavailable,
            "the encoder lambda",
            "mediaconvert",
            "TranscodeSettings/Encoder or the setting ENCODER",
            "deploy with the module mediaconvert (docs/mediaconvert.md), or remove the choice and drop the manifest again",
        )),
    }
}

/// Reserves. A hold whose execution was stopped is released first, so that nobody waits for its lease to lapse.
async fn take(ports: &Ports, job: &Job, owner: &str) -> Result<TransitionOutcome, Failure> {
    let outcome = reserve(ports, job, owner).await?;
    let TransitionOutcome::Refused(Some(row)) = &outcome else {
        return Ok(outcome);
    };
    let (submissions, workflow) = (ports.submissions.as_ref(), ports.workflow.as_ref());
    if row.state.is_live()
        && release_ended(submissions, workflow, ports.clock.as_ref(), row).await?
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
    apply(ports, job, step).await
}

async fn apply(ports: &Ports, job: &Job, step: Step) -> Result<TransitionOutcome, Failure> {
    let transition = Transition {
        job_key: job.job_key.clone(),
        step,
        notice: None,
    };
    let outcome = ports
        .submissions
        .apply(&transition, ports.clock.now())
        .await;
    outcome.map_err(|e| Failure::table(&e))
}

/// Where the job may cost what it would: a duplicate is told so whatever the cap. MediaConvert accepts a job in
/// start-encode, which commits: what is ordered follows from the plan.
async fn hand_over(
    ports: &Ports,
    input: &SubmitJobInput,
    job: &Job,
    invocation: &Invocation,
    row: Row,
) -> Result<SubmitJobOutput, Failure> {
    cap::hold(&ports.outputs, ports.cap, job, invocation).await?;
    match row.encoder {
        EncoderKind::Lambda => commit(ports, input, row).await,
        EncoderKind::MediaConvert => Ok(encode(&input.job, &row)),
    }
}

/// Phase two. For this encoder, acceptance is the execution itself: the chunks are its own Map.
async fn commit(
    ports: &Ports,
    input: &SubmitJobInput,
    row: Row,
) -> Result<SubmitJobOutput, Failure> {
    let claim = claim(&input.job, &row);
    let step = Step::Commit {
        fence: claim.fence.clone(),
        encoder_ref: format!("lambda:{}", input.execution.name),
        lease_seconds: ports.lease_seconds,
    };
    let (submissions, clock) = (ports.submissions.as_ref(), ports.clock.as_ref());
    let row = advance(submissions, clock, &claim, step, None).await?;
    tracing::info!(
        attempt = row.attempt,
        generation = row.generation.0,
        "submitted"
    );
    Ok(encode(&input.job, &row))
}

/// The row refuses an execution that is recorded among its failures: this call is late, and its execution has ended.
fn gave_up(input: &SubmitJobInput, row: &Row) -> Failure {
    Failure::new(
        ErrorName::SubmissionLost,
        format!("the first failure of {}", input.execution.id),
        "a failure that is recorded already",
        format!("submission {}", row.job_key),
        "nothing where the call was late; to encode the job, drop its manifest once more",
    )
}

fn fence(row: &Row) -> Fence {
    Fence {
        generation: row.generation,
        attempt: row.attempt,
        owner: row.owner.clone(),
    }
}

fn claim(job: &JobRef, row: &Row) -> Claim {
    Claim {
        job_key: row.job_key.clone(),
        asset: job.asset.clone(),
        fence: fence(row),
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

/// Another execution holds the job or has done it: say so, once per execution, and end.
async fn duplicate(
    ports: &Ports,
    input: &SubmitJobInput,
    row: Row,
) -> Result<SubmitJobOutput, Failure> {
    let own = format!("execution#{}", input.execution.name);
    let (decision, outbox) = match row.state {
        State::Complete => {
            point(ports, &row).await?;
            clean_up(ports, &row).await?;
            let outbox = left_behind(ports, &row).await?;
            (Decision::DuplicateComplete, outbox.unwrap_or(own))
        }
        _ => (Decision::DuplicateRunning, own),
    };
    let body = serde_json::json!({
        "kind": NoticeKind::Duplicate, "decision": decision, "job_key": row.job_key, "asset": row.asset,
        "manifest_id": row.manifest_id, "execution": input.execution.id, "held_by": row.owner,
        "generation": row.generation, "outputs": row.outputs,
    });
    let entry = OutboxEntry {
        outbox: outbox.clone(),
        id: format!("duplicate#{}", input.execution.name),
        kind: NoticeKind::Duplicate,
        subject: format!("reelsmith duplicate: {}", row.asset),
        body: body.to_string(),
        created: ports.clock.now(),
    };
    ports
        .submissions
        .enqueue(&entry)
        .await
        .map_err(|e| Failure::table(&e))?;
    tracing::info!(decision = decision.as_str(), held_by = %row.owner, "duplicate");
    Ok(SubmitJobOutput {
        decision,
        encoder: row.encoder,
        claim: claim(&input.job, &row),
        outputs: row.outputs,
        outbox,
    })
}

/// Moves the asset's pointer to a complete job whose execution was stopped before it could; a pointer that is younger
/// than the job's completion stays.
async fn point(ports: &Ports, row: &Row) -> Result<(), Failure> {
    let Some(outputs) = &row.outputs else {
        return Ok(());
    };
    let key = GenerationKeys::new(&row.asset, &row.job_key, row.generation).current();
    let current = Current {
        job_key: row.job_key.clone(),
        generation: row.generation,
        outputs: outputs.clone(),
        published: row.updated,
    };
    publication::point(&ports.outputs, &key, &current)
        .await
        .map(drop)
}

/// Deletes the working files of a complete job: its execution was stopped before its cleanup, or was not allowed to do it.
/// There are none where it did.
async fn clean_up(ports: &Ports, row: &Row) -> Result<(), Failure> {
    let keys = GenerationKeys::new(&row.asset, &row.job_key, row.generation);
    let deleted = delete_working_files(&ports.outputs, &keys).await?;
    if deleted > 0 {
        tracing::info!(deleted, "finished the cleanup of another execution");
    }
    Ok(())
}

/// The job's outbox where it holds a message that its execution was stopped before it could send: this execution's
/// notify then sends it too.
async fn left_behind(ports: &Ports, row: &Row) -> Result<Option<String>, Failure> {
    let outbox = row.job_key.to_string();
    let pending = ports.submissions.pending(&outbox).await;
    let pending = pending.map_err(|e| Failure::table(&e))?;
    Ok((!pending.is_empty()).then_some(outbox))
}

#[cfg(test)]
mod tests;
