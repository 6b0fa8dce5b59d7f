//! Steps of the submission by the execution that holds the job.

use reelsmith_contract::payload::Claim;
use reelsmith_contract::{ErrorName, Failure, PortResultExt as _};
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::keys::JobKey;
use reelsmith_core::ports::{Clock, EncodeService, SubmissionStore, Workflow};
use reelsmith_core::submission::{
    Fence, NoticeKind, OutboxEntry, Row, State, Step, Transition, TransitionOutcome,
};

/// Takes a step, with the notification that goes with it, and gives the row. A retry of a step that was taken succeeds.
///
/// # Errors
/// `SubmissionLost` where another execution holds the job by now, or those of the table.
pub async fn advance(
    submissions: &dyn SubmissionStore,
    clock: &dyn Clock,
    claim: &Claim,
    step: Step,
    notice: Option<OutboxEntry>,
) -> Result<Row, Failure> {
    let transition = Transition {
        job_key: claim.job_key.clone(),
        step,
        notice,
    };
    match submissions
        .apply(&transition, clock.now())
        .await
        .on_table()?
    {
        TransitionOutcome::Applied(row) | TransitionOutcome::AlreadyApplied(row) => Ok(row),
        TransitionOutcome::Refused(found) => Err(lost(claim, found.as_ref())),
    }
}

/// Releases a live job whose execution has ended without a word, with a message of its failure; whether it did.
///
/// # Errors
/// Those of Step Functions and of the table.
pub async fn release_ended(
    submissions: &dyn SubmissionStore,
    workflow: &dyn Workflow,
    clock: &dyn Clock,
    row: &Row,
) -> Result<bool, Failure> {
    // A call that outlives its execution may be about to place an order: such a hold is respected to its end. One that has
    // intended nothing finds itself refused, and an order that is known is adopted.
    let may_order = row.intended.is_some() && row.encoder_ref.is_none();
    if may_order && row.state == State::Reserved && row.lease_until > clock.now() {
        return Ok(false);
    }
    let ended = workflow.has_ended(&row.owner).await.on_workflow()?;
    if ended != Some(true) {
        return Ok(false);
    }
    let error = ErrorName::ExecutionEnded;
    let cause = format!(
        "expected the execution to end by itself; found that it was stopped or timed out while the job was {}; at {}; \
         to do: drop the manifest again, or redrive the execution; finished chunks are not encoded again",
        row.state.as_str(),
        row.owner
    );
    let transition = Transition {
        job_key: row.job_key.clone(),
        notice: Some(notice(row, error, &cause, clock)),
        step: Step::Fail {
            fence: Fence {
                generation: row.generation,
                attempt: row.attempt,
                owner: row.owner.clone(),
            },
            error: error.to_string(),
            cause,
        },
    };
    let outcome = submissions
        .apply(&transition, clock.now())
        .await
        .on_table()?;
    let released = matches!(outcome, TransitionOutcome::Applied(_));
    if released {
        tracing::warn!(job_key = %row.job_key, execution = %row.owner, "released a job whose execution has ended");
    }
    Ok(released)
}

/// Calls off the order of a hold that was released, so that nobody pays for what nobody will collect. The job has failed
/// whether or not this succeeds, and its next attempt takes over what is at work then, so trouble here is only worth a line
/// in the log.
pub async fn call_off(
    submissions: &dyn SubmissionStore,
    encodes: &dyn EncodeService,
    job_key: &JobKey,
    fence: &Fence,
) {
    let row = submissions.row(job_key).await.ok().flatten();
    let ours = row.filter(|r| r.encoder == EncoderKind::MediaConvert && fence.holds(r));
    if let Some(id) = ours.and_then(|row| row.encoder_ref) {
        match encodes.cancel(&id).await {
            Ok(()) => tracing::info!(encode = %id, "called off"),
            Err(error) => tracing::warn!(encode = %id, %error, "not called off"),
        }
    }
}

/// Under the id of fail-job's own message, so that one execution fails once.
fn notice(row: &Row, error: ErrorName, cause: &str, clock: &dyn Clock) -> OutboxEntry {
    let name = row.owner.rsplit(':').next().unwrap_or(&row.owner);
    let body = serde_json::json!({
        "kind": NoticeKind::Failure, "error": error, "cause": cause, "execution": row.owner,
        "job_key": row.job_key, "asset": row.asset, "manifest_id": row.manifest_id,
    });
    OutboxEntry {
        outbox: format!("execution#{name}"),
        id: "failure".to_owned(),
        kind: NoticeKind::Failure,
        subject: format!("reelsmith failed: {error}"),
        body: body.to_string(),
        created: clock.now(),
    }
}

/// What an execution is told that does not hold the job any more; with the row that decided.
#[must_use]
pub fn lost(claim: &Claim, found: Option<&Row>) -> Failure {
    let found = found.map_or("no row".to_owned(), |row| {
        format!("{} held by {}", row.state.as_str(), row.owner)
    });
    Failure::new(
        ErrorName::SubmissionLost,
        format!("the job held by {}", claim.fence.owner),
        found,
        format!("submission {}", claim.job_key),
        "nothing: the other execution carries the job on, and nothing of this one is published",
    )
}
