//! Releases the job and says why it failed.
//!
//! Whatever the execution knew when it failed may be missing: the manifest may not have parsed, the job may not have
//! been reserved. The failure message is written with the row's release in one transaction where there is a row of ours.

use std::sync::Arc;

use reelsmith_contract::payload::{Claim, Decision, FailJobInput, FailJobOutput};
use reelsmith_contract::{ErrorName, Failure, Objects};
use reelsmith_core::ports::{Clock, EncodeService, SubmissionStore};
use reelsmith_core::record::FailureNote;
use reelsmith_core::submission::{
    Fence, NoticeKind, OutboxEntry, Step, Transition, TransitionOutcome,
};
use reelsmith_lambda::Clients;
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::submission::call_off;

/// What this function works with.
pub struct Ports {
    /// The output bucket.
    pub outputs: Objects,
    /// The submission table.
    pub submissions: Arc<dyn SubmissionStore>,
    /// MediaConvert, whose job is called off when nobody will collect it; none where the deployment has none.
    pub encodes: Option<Arc<dyn EncodeService>>,
    /// Wall-clock time.
    pub clock: Arc<dyn Clock>,
}

impl Ports {
    /// The ports of a deployed function.
    ///
    /// # Errors
    /// Where a setting is missing.
    pub async fn build(clients: &Clients) -> Result<Self, Failure> {
        Ok(Self {
            outputs: clients.outputs()?,
            submissions: clients.submissions()?,
            encodes: clients.encodes_if_any()?,
            clock: clients.clock(),
        })
    }
}

/// What Step Functions says when items of a Map failed, without saying why.
const MAP_FAILED: [&str; 2] = [
    "States.ExceedToleratedFailureThreshold",
    "States.BranchFailed",
];
/// Greatest cause that is kept, in bytes: a row remembers twenty of them within the 400 KB of a DynamoDB item, and Step
/// Functions takes 32,768 characters.
const MAX_CAUSE: usize = 12_000;

/// An error name and its cause.
struct Reason {
    error: String,
    cause: String,
}

/// Finds the reason, releases the job where this execution holds it, and queues the failure message.
///
/// # Errors
/// Those of storage and table.
pub async fn handle(
    ports: Arc<Ports>,
    input: FailJobInput,
    _invocation: Invocation,
) -> Result<FailJobOutput, Failure> {
    let claim = claim(&ports, &input).await?;
    let claim = claim.as_ref();
    let reason = reason(&ports, &input, claim).await?;
    let entry = entry(&ports, &input, &reason);
    match claim {
        Some(claim) => {
            release(&ports, claim, &reason, &entry).await?;
            if let Some(encodes) = &ports.encodes {
                let table = ports.submissions.as_ref();
                call_off(table, encodes.as_ref(), &claim.job_key, &claim.fence).await;
            }
        }
        None => enqueue(&ports, &entry).await?,
    }
    Ok(FailJobOutput {
        error: reason.error,
        cause: reason.cause,
        outbox: entry.outbox,
    })
}

/// The hold that the state data tells of. Where submit-job failed for good after it had reserved, only the row tells.
async fn claim(ports: &Ports, input: &FailJobInput) -> Result<Option<Claim>, Failure> {
    if let Some(submission) = &input.state.submission {
        let held = submission.decision == Decision::Encode;
        return Ok(held.then(|| submission.claim.clone()));
    }
    let Some(job) = &input.state.job else {
        return Ok(None);
    };
    let row = ports.submissions.row(&job.job_key).await;
    let row = row.map_err(|e| Failure::table(&e))?;
    let ours = row.filter(|row| row.state.is_live() && row.owner == input.execution.id);
    Ok(ours.map(|row| Claim {
        job_key: row.job_key,
        asset: row.asset,
        fence: Fence {
            generation: row.generation,
            attempt: row.attempt,
            owner: row.owner,
        },
    }))
}

async fn reason(
    ports: &Ports,
    input: &FailJobInput,
    claim: Option<&Claim>,
) -> Result<Reason, Failure> {
    let caught = &input.state.error;
    let of_worker = match claim {
        Some(claim) if MAP_FAILED.contains(&caught.error.as_str()) => {
            worker_note(ports, claim).await?
        }
        _ => None,
    };
    let reason = match of_worker {
        Some(note) => Reason {
            cause: format!("{}: {}", note.item, note.cause),
            error: note.error,
        },
        None if MAP_FAILED.contains(&caught.error.as_str()) => Reason {
            error: ErrorName::WorkerFailed.to_string(),
            cause: format!(
                "{}: {}; look at the failed items of the Map Run",
                caught.error, caught.cause
            ),
        },
        None => Reason {
            error: caught.error.clone(),
            cause: readable(&caught.cause),
        },
    };
    Ok(Reason {
        cause: shortened(&reason.cause),
        ..reason
    })
}

/// A function's error arrives as JSON with the message inside; anything else is readable as it is.
fn readable(cause: &str) -> String {
    serde_json::from_str::<serde_json::Value>(cause)
        .ok()
        .and_then(|v| v["errorMessage"].as_str().map(str::to_owned))
        .unwrap_or_else(|| cause.to_owned())
}

fn shortened(cause: &str) -> String {
    if cause.len() <= MAX_CAUSE {
        return cause.to_owned();
    }
    let kept = &cause[..cause.floor_char_boundary(MAX_CAUSE)];
    format!("{kept}… (shortened)")
}

/// The latest note whose record was never written: a note with a record is of a try that a later one made good.
async fn worker_note(ports: &Ports, claim: &Claim) -> Result<Option<FailureNote>, Failure> {
    let outputs = &ports.outputs;
    let prefix = claim.keys().failures_prefix();
    let listed = outputs.store().list(outputs.bucket(), &prefix).await;
    let mut latest: Option<FailureNote> = None;
    for object in listed.map_err(|e| Failure::storage(&e, outputs.at(&prefix)))? {
        let Some(note) = outputs.find::<FailureNote>(&object.key).await? else {
            continue;
        };
        let made_good = outputs
            .find::<serde_json::Value>(&note.record)
            .await?
            .is_some();
        if !made_good && latest.as_ref().is_none_or(|l| l.at < note.at) {
            latest = Some(note);
        }
    }
    Ok(latest)
}

fn entry(ports: &Ports, input: &FailJobInput, reason: &Reason) -> OutboxEntry {
    let state = &input.state;
    let manifest = format!("s3://{}/{}", state.source.bucket, state.source.key);
    let body = serde_json::json!({
        "kind": NoticeKind::Failure, "error": reason.error, "cause": reason.cause, "manifest": manifest,
        "execution": input.execution.id, "job_key": state.job.as_ref().map(|j| &j.job_key),
        "asset": state.job.as_ref().map(|j| &j.asset),
    });
    OutboxEntry {
        outbox: format!("execution#{}", input.execution.name),
        id: "failure".to_owned(),
        kind: NoticeKind::Failure,
        subject: format!("reelsmith failed: {}", reason.error),
        body: body.to_string(),
        created: ports.clock.now(),
    }
}

async fn release(
    ports: &Ports,
    claim: &Claim,
    reason: &Reason,
    entry: &OutboxEntry,
) -> Result<(), Failure> {
    let transition = Transition {
        job_key: claim.job_key.clone(),
        step: Step::Fail {
            fence: claim.fence.clone(),
            error: reason.error.clone(),
            cause: reason.cause.clone(),
        },
        notice: Some(entry.clone()),
    };
    let outcome = ports
        .submissions
        .apply(&transition, ports.clock.now())
        .await;
    match outcome.map_err(|e| Failure::table(&e))? {
        TransitionOutcome::Applied(_) | TransitionOutcome::AlreadyApplied(_) => Ok(()),
        // Another execution holds the job, or it is complete: nothing to release, but this execution did fail.
        TransitionOutcome::Refused(_) => enqueue(ports, entry).await,
    }
}

async fn enqueue(ports: &Ports, entry: &OutboxEntry) -> Result<(), Failure> {
    ports
        .submissions
        .enqueue(entry)
        .await
        .map_err(|e| Failure::table(&e))
}

#[cfg(test)]
mod tests;
