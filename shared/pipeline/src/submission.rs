//! The submission of a job: its row in the table, who holds it, and the messages in its outbox.
//!
//! **Problem.** Duplicate events, retries, races and crashes must never cause a second paid encode, and never lose a job or its
//! message.
//!
//! **Idea.** Each job has one row. An execution reserves it, and proves in every later step that it still holds it, with the
//! generation, the attempt and its own ARN (the [`Fence`]). The decision about a step is one pure function,
//! [`Transition::decide`]; the table applies it atomically, together with the message that reports it.
//!
//! - [`Submissions::advance`] takes a step of the execution that holds the job.
//! - [`Submissions::release`] ends a hold with a failure. `fail-job`, the reaper and `reelsmith cancel` use it.
//! - [`Submissions::release_ended`] releases a job whose execution was stopped or timed out, so that nobody waits for its lease
//!   to end.
//! - [`Submissions::send`] sends a message, then marks it as sent. A crash between the two sends the same message id again.
//!
//! **Invariant.** A row that could not be read or written is an error. It never means that the job was not processed.
//!
//! ```text
//! let step = Step::Complete { fence: claim.fence.clone(), outputs };
//! let notice = Notice::new(Event::Success(published)).entry(job_key, submissions.now());
//! let row = submissions.advance(&claim, step, Some(notice)).await?;   // or SubmissionLost
//! ```

use std::sync::Arc;

use reelsmith_contract::notice::{Event, JobFailed, Notice, execution_outbox};
use reelsmith_contract::payload::Claim;
use reelsmith_contract::{ErrorName, Failure, PortResultExt as _};
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::keys::JobKey;
use reelsmith_core::ports::{
    Announcer, Clock, EncodeService, Message, PortResult, SubmissionStore, Workflow,
};
use reelsmith_core::submission::{Fence, OutboxEntry, Row, Step, Transition, TransitionOutcome};
use reelsmith_core::time::UnixMillis;

/// The submission table, and the time at which its rows change.
#[derive(Clone)]
pub struct Submissions {
    table: Arc<dyn SubmissionStore>,
    clock: Arc<dyn Clock>,
}

impl Submissions {
    /// Rows of `table` change at the time of `clock`.
    pub fn new(table: Arc<dyn SubmissionStore>, clock: Arc<dyn Clock>) -> Self {
        Self { table, clock }
    }

    /// The table itself, for its queries.
    pub fn table(&self) -> &dyn SubmissionStore {
        self.table.as_ref()
    }

    /// The current time.
    pub fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    /// Applies a step, with the message that reports it.
    pub async fn apply(
        &self,
        job_key: &JobKey,
        step: Step,
        notice: Option<OutboxEntry>,
    ) -> Result<TransitionOutcome, Failure> {
        let transition = Transition {
            job_key: job_key.clone(),
            step,
            notice,
        };
        let outcome = self.table.apply(&transition, self.now()).await;
        outcome.on_table()
    }

    /// Takes a step of the execution that holds the job, and returns the row. A retry of a step that was taken succeeds.
    ///
    /// # Errors
    /// `SubmissionLost` if another execution holds the job, or the errors of the table.
    pub async fn advance(
        &self,
        claim: &Claim,
        step: Step,
        notice: Option<OutboxEntry>,
    ) -> Result<Row, Failure> {
        match self.apply(&claim.job_key, step, notice).await? {
            TransitionOutcome::Applied(row) | TransitionOutcome::AlreadyApplied(row) => Ok(row),
            TransitionOutcome::Refused(found) => Err(lost(claim, found.as_ref())),
        }
    }

    /// Records that an encoder has accepted the job, under the encoder's own reference.
    pub async fn commit(
        &self,
        claim: &Claim,
        encoder_ref: String,
        lease_seconds: u32,
    ) -> Result<Row, Failure> {
        let step = Step::Commit {
            fence: claim.fence.clone(),
            encoder_ref,
            lease_seconds,
        };
        self.advance(claim, step, None).await
    }

    /// Ends a hold with a failure and writes the failure message, in one transaction. It is refused if another execution holds
    /// the job, or if the job is complete.
    pub async fn release(
        &self,
        job_key: &JobKey,
        fence: Fence,
        failed: JobFailed,
    ) -> PortResult<TransitionOutcome> {
        let transition = Transition {
            job_key: job_key.clone(),
            step: Step::Fail {
                fence,
                error: failed.error.clone(),
                cause: failed.cause.clone(),
            },
            notice: Some(self.failure_entry(failed)),
        };
        self.table.apply(&transition, self.now()).await
    }

    /// Writes the failure message of an execution that holds no job.
    pub async fn enqueue_failure(&self, failed: JobFailed) -> Result<(), Failure> {
        let entry = self.failure_entry(failed);
        self.table.enqueue(&entry).await.on_table()
    }

    /// All failure messages of one execution have the same id, so it reports one failure.
    fn failure_entry(&self, failed: JobFailed) -> OutboxEntry {
        let outbox = execution_outbox(&failed.execution);
        Notice::new(Event::Failure(failed)).entry(outbox, self.now())
    }

    /// Releases a live job whose execution was stopped or timed out. Returns whether it did.
    ///
    /// A call that outlives its execution may be about to place an order. The next attempt orders under the same token, so
    /// it need not wait for that call.
    pub async fn release_ended(&self, workflow: &dyn Workflow, row: &Row) -> Result<bool, Failure> {
        let ended = workflow.has_ended(&row.owner).await.on_workflow()?;
        if ended != Some(true) {
            return Ok(false);
        }
        let cause = format!(
            "expected the execution to end by itself; found that it was stopped or timed out while the job was {}; at {}; \
             to do: drop the manifest again, or redrive the execution; finished chunks are not encoded again",
            row.state.as_str(),
            row.owner
        );
        let failed = JobFailed::of_holder(row, ErrorName::ExecutionEnded.as_str(), cause);
        let outcome = self.release(&row.job_key, row.fence(), failed).await;
        let released = matches!(outcome.on_table()?, TransitionOutcome::Applied(_));
        if released {
            tracing::warn!(job_key = %row.job_key, execution = %row.owner, "released a job whose execution has ended");
        }
        Ok(released)
    }

    /// Cancels the MediaConvert job of a hold that was released, so that nobody pays for outputs that nobody uses.
    ///
    /// Best effort, with a line in the log: the job has failed either way, and its next attempt adopts an order that is still
    /// running.
    pub async fn cancel_order(&self, encodes: &dyn EncodeService, job_key: &JobKey, fence: &Fence) {
        let row = self.table.row(job_key).await.ok().flatten();
        let ours = row.filter(|r| r.encoder == EncoderKind::MediaConvert && fence.holds(r));
        if let Some(id) = ours.and_then(|row| row.encoder_ref) {
            match encodes.cancel(&id).await {
                Ok(()) => tracing::info!(encode = %id, "cancelled the order"),
                Err(error) => tracing::warn!(encode = %id, %error, "could not cancel the order"),
            }
        }
    }

    /// Sends an entry of the outbox, then marks it as sent.
    pub async fn send(
        &self,
        announcer: &dyn Announcer,
        entry: &OutboxEntry,
    ) -> Result<(), Failure> {
        let message = Message {
            id: entry.message_id(),
            subject: entry.subject.clone(),
            kind: entry.kind.as_str().to_owned(),
            body: entry.body.clone(),
        };
        announcer.announce(&message).await.on_topic()?;
        tracing::info!(message = %message.id, kind = %message.kind, "sent");
        self.table.mark_sent(entry, self.now()).await.on_table()
    }
}

/// The `SubmissionLost` failure of an execution that no longer holds the job. `found` is the row that decided.
pub fn lost(claim: &Claim, found: Option<&Row>) -> Failure {
    let found = found.map_or("no row".to_owned(), |row| {
        format!("{} held by {}", row.state.as_str(), row.owner)
    });
    Failure::new(
        ErrorName::SubmissionLost,
        format!("the job held by {}", claim.fence.owner),
        found,
        format!("submission {}", claim.job_key),
        "no action needed: the other execution carries the job on, and nothing of this one is published",
    )
}
