//! Records why a job failed, and releases the job for the next attempt.
//!
//! Reads the state data of the execution, which may lack the job (the manifest did not parse) or the hold (the job was not
//! reserved), and the failure notes of workers if a Map failed. Writes the failure to the row together with the failure
//! message, in one transaction; without a row of this execution it writes only the message. Cancels an order at MediaConvert.
//! Returns the reason and the outbox of the message. Errors: those of storage and table.

use std::sync::Arc;

use reelsmith_contract::notice::{JobFailed, execution_outbox};
use reelsmith_contract::payload::{
    Caught, Claim, Decision, FailJobInput, FailJobOutput, error_message,
};
use reelsmith_contract::{ErrorName, Failure, Objects, PortResultExt as _};
use reelsmith_core::ports::EncodeService;
use reelsmith_core::record::FailureNote;
use reelsmith_core::submission::TransitionOutcome;
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::submission::Submissions;
use serde_json::Value;

pub struct Ports {
    pub outputs: Objects,
    pub submissions: Submissions,
    /// `None` if the deployment has no MediaConvert.
    pub encodes: Option<Arc<dyn EncodeService>>,
}

/// The errors with which Step Functions reports a failed Map, without the reason.
const MAP_FAILED: [&str; 2] = [
    "States.ExceedToleratedFailureThreshold",
    "States.BranchFailed",
];
/// Maximum length of a cause in bytes: a row stores twenty of them within the 400 KB of a DynamoDB item, and Step Functions
/// accepts 32,768 characters.
const MAX_CAUSE: usize = 12_000;

/// Finds the reason, releases the job if this execution holds it, and writes the failure message.
pub async fn handle(
    ports: Arc<Ports>,
    input: FailJobInput,
    _invocation: Invocation,
) -> Result<FailJobOutput, Failure> {
    let submissions = &ports.submissions;
    let claim = held_claim(submissions, &input).await?;
    let (error, cause) = reason(&ports.outputs, &input, claim.as_ref()).await?;
    let (source, job) = (&input.state.source, input.state.job.as_ref());
    let failed = JobFailed {
        error: error.clone(),
        cause: cause.clone(),
        execution: input.execution.id.clone(),
        manifest: Some(format!("s3://{}/{}", source.bucket, source.key)),
        manifest_id: None,
        job_key: job.map(|j| j.job_key.clone()),
        asset: job.map(|j| j.asset.clone()),
    };
    match claim {
        Some(claim) => {
            let (job_key, fence) = (&claim.job_key, &claim.fence);
            let outcome = submissions.release(job_key, fence.clone(), failed.clone());
            // Another execution holds the job, or it is complete: there is nothing to release, but this execution failed.
            if let TransitionOutcome::Refused(_) = outcome.await.on_table()? {
                submissions.enqueue_failure(failed).await?;
            }
            if let Some(encodes) = &ports.encodes {
                let encodes = encodes.as_ref();
                submissions.cancel_order(encodes, job_key, fence).await;
            }
        }
        None => submissions.enqueue_failure(failed).await?,
    }
    Ok(FailJobOutput {
        error,
        cause,
        outbox: execution_outbox(&input.execution.id),
    })
}

/// The hold according to the state data. If `submit-job` failed after it had reserved the job, only the row shows the hold.
async fn held_claim(
    submissions: &Submissions,
    input: &FailJobInput,
) -> Result<Option<Claim>, Failure> {
    if let Some(submission) = &input.state.submission {
        let held = submission.decision == Decision::Encode;
        return Ok(held.then(|| submission.claim.clone()));
    }
    let Some(job) = &input.state.job else {
        return Ok(None);
    };
    let row = submissions.table().row(&job.job_key).await.on_table()?;
    let ours = row.filter(|row| row.state.is_live() && row.owner == input.execution.id);
    Ok(ours.map(|row| Claim {
        fence: row.fence(),
        job_key: row.job_key,
        asset: row.asset,
    }))
}

/// The name of the error, and its cause.
async fn reason(
    outputs: &Objects,
    input: &FailJobInput,
    claim: Option<&Claim>,
) -> Result<(String, String), Failure> {
    let Caught { error, cause } = &input.state.error;
    if !MAP_FAILED.contains(&error.as_str()) {
        return Ok((error.clone(), shorten(&error_message(cause))));
    }
    let note = match claim {
        Some(claim) => worker_note(outputs, claim).await?,
        None => None,
    };
    let (error, cause) = match note {
        Some(note) => (note.error, format!("{}: {}", note.item, note.cause)),
        None => (
            ErrorName::WorkerFailed.to_string(),
            format!("{error}: {cause}; look at the failed items of the Map Run"),
        ),
    };
    Ok((error, shorten(&cause)))
}

fn shorten(cause: &str) -> String {
    if cause.len() <= MAX_CAUSE {
        return cause.to_owned();
    }
    let kept = &cause[..cause.floor_char_boundary(MAX_CAUSE)];
    format!("{kept}… (shortened)")
}

/// The latest note whose record does not exist. If the record exists, a later attempt at the same unit succeeded.
async fn worker_note(outputs: &Objects, claim: &Claim) -> Result<Option<FailureNote>, Failure> {
    let mut latest: Option<FailureNote> = None;
    for object in outputs.list(&claim.keys().failures_prefix()).await? {
        let Some(note) = outputs.find::<FailureNote>(&object.key).await? else {
            continue;
        };
        let succeeded_later = outputs.find::<Value>(&note.record).await?.is_some();
        if !succeeded_later && latest.as_ref().is_none_or(|l| l.at < note.at) {
            latest = Some(note);
        }
    }
    Ok(latest)
}

#[cfg(test)]
mod tests;
