//! Steps of the submission by the execution that holds the job.

use reelsmith_contract::payload::Claim;
use reelsmith_contract::{ErrorName, Failure};
use reelsmith_core::ports::{Clock, SubmissionStore};
use reelsmith_core::submission::{OutboxEntry, Outcome, Row, Step, Transition};

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
    let outcome = submissions.apply(&transition, clock.now()).await;
    match outcome.map_err(|e| Failure::table(&e))? {
        Outcome::Applied(row) | Outcome::AlreadyApplied(row) => Ok(row),
        Outcome::Refused(found) => Err(lost(claim, found.as_ref())),
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
