//! Exactly one encode: the state machine of a submission, as a pure function.
//!
//! S3 delivers an event more than once, Step Functions retries a task, two deliveries of a title can race, and an
//! execution can be stopped at any instruction. None of this may start a second paid encode or lose the job. So every
//! job key has one [`Row`] in the submission table, and an execution may only do what a conditional write to that row
//! has allowed.
//!
//! ```text
//! RESERVED ──▶ SUBMITTED ──▶ VALIDATING ──▶ COMPLETE (outputs)
//!     └────────────┴──────────────┴──▶ FAILED ──▶ RESERVED (attempt + 1)
//! ```
//!
//! The protocol has two phases: [`Step::Reserve`] takes the job, [`Step::Commit`] records that the encoder accepted it. If
//! a service runs the encode, [`Step::Intend`] comes in between, before the order is placed: from then on a retry searches
//! for an order before it places one. With `force`, COMPLETE and FAILED lead to RESERVED in the next generation.
//! [`Step::Abandon`] gives up what a failed generation wrote, so that it can be deleted.
//!
//! Two mechanisms keep a second execution out. The **lease** (`lease_until`) is the time until which another execution
//! respects the owner's hold. The **fence** ([`Fence`]: generation, attempt, owner) is the proof of the hold: every step
//! after the reservation carries one, so an execution that lost the job cannot write any more, whatever its clock says.
//!
//! A store applies a [`Transition`] atomically: it evaluates [`Transition::decide`] on the present row and writes the new
//! row only if the row has not changed in the meantime. The DynamoDB adapter does this with a condition expression, the
//! fake with a lock. `tests/submission_model.rs` checks every schedule of crashes, races and lost answers up to a bound.
//!
//! ```
//! use reelsmith_core::encoder::EncoderKind;
//! use reelsmith_core::keys::AssetId;
//! use reelsmith_core::submission::{TransitionOutcome, Step, Transition};
//! use reelsmith_core::time::UnixMillis;
//!
//! let reserve = |owner: &str| Transition {
//!     job_key: "ab".repeat(32).parse().expect("64 hexadecimal digits"),
//!     step: Step::Reserve {
//!         asset: AssetId::of_episode("show", 1, 1),
//!         manifest_id: "m-1".into(),
//!         encoder: EncoderKind::Lambda,
//!         owner: owner.into(),
//!         lease_seconds: 60,
//!         force: false,
//!     },
//!     notice: None,
//! };
//! let TransitionOutcome::Applied(row) = reserve("first").decide(None, UnixMillis(0)) else {
//!     panic!("a new job can be reserved");
//! };
//! let second = reserve("second").decide(Some(&row), UnixMillis(59_999));
//! assert_eq!(second, TransitionOutcome::Refused(Some(row)), "the lease still runs");
//! ```

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::encoder::EncoderKind;
use crate::keys::{AssetId, Generation, JobKey};
use crate::time::UnixMillis;

/// The state of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// An execution holds the job and has not given it to an encoder yet.
    Reserved,
    Submitted,
    /// The encode has ended, and its output is being validated.
    Validating,
    /// The output is validated and published.
    Complete,
    /// The job ended without output. It may be reserved again at once.
    Failed,
}

impl State {
    /// The name in the table.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether an execution may be working on the job.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Reserved | Self::Submitted | Self::Validating)
    }
}

/// What is published for a complete job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// Bucket of everything below.
    pub bucket: String,
    /// Prefix of the deliverables, ending in `/`.
    pub prefix: String,
    /// Key of the HLS multivariant playlist.
    pub hls: String,
    /// Key of the MPD, if DASH was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dash: Option<String>,
    pub report: String,
    /// Whether these are placeholders of a deployment in mock mode.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mock: bool,
}

/// A failure in the history of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedFailure {
    pub error: String,
    /// What was expected, what was found, where, and what to do.
    pub cause: String,
    pub at: UnixMillis,
    pub attempt: u32,
    pub generation: Generation,
    pub owner: String,
}

/// The row of one job key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub job_key: JobKey,
    pub asset: AssetId,
    pub manifest_id: String,
    pub state: State,
    /// Counts deliberate re-encodes, from 1.
    pub generation: Generation,
    /// Counts attempts within the generation, from 1.
    pub attempt: u32,
    /// The owner token: ARN of the execution that holds the job, or held it last.
    pub owner: String,
    /// Until when other executions respect the owner's hold.
    pub lease_until: UnixMillis,
    pub encoder: EncoderKind,
    /// When the holder was about to order the encode from a service. From then on an order may exist that no row names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intended: Option<UnixMillis>,
    /// The encoder's own reference, once it has accepted the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder_ref: Option<String>,
    /// Present once the job is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Outputs>,
    /// Failures of all attempts, oldest first, at most [`MAX_FAILURES`].
    #[serde(default)]
    pub failures: Vec<RecordedFailure>,
    pub created: UnixMillis,
    pub updated: UnixMillis,
}

impl Row {
    /// The proof that its owner holds the row.
    pub fn fence(&self) -> Fence {
        Fence {
            generation: self.generation,
            attempt: self.attempt,
            owner: self.owner.clone(),
        }
    }
}

/// How many failures a row keeps: enough to see a pattern, far below DynamoDB's limit of 400 KB for an item.
pub const MAX_FAILURES: usize = 20;

/// The event that a notification reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum NoticeKind {
    Success,
    Failure,
    /// An execution ended because its job is complete or another execution works on it.
    Duplicate,
}

impl NoticeKind {
    /// The name in messages and filter policies.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A notification that must be sent. It is written in the same transaction as the transition that causes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxEntry {
    /// The partition it belongs to: a job key, or `execution#NAME` if there is no job.
    pub outbox: String,
    /// Identity within the outbox, for example `success#g1`: writing the same id twice has no further effect.
    pub id: String,
    pub kind: NoticeKind,
    pub subject: String,
    /// JSON.
    pub body: String,
    pub created: UnixMillis,
}

impl OutboxEntry {
    /// Identity across all outboxes, by which subscribers drop repeats.
    pub fn message_id(&self) -> String {
        format!("{}#{}", self.outbox, self.id)
    }
}

/// Proof that an execution holds a job. A write with any other fence is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fence {
    pub generation: Generation,
    pub attempt: u32,
    pub owner: String,
}

impl Fence {
    /// Whether this fence holds the row.
    pub fn holds(&self, row: &Row) -> bool {
        row.generation == self.generation && row.attempt == self.attempt && row.owner == self.owner
    }
}

/// A change of a job's row that an execution requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    pub job_key: JobKey,
    pub step: Step,
    /// A notification that is written in the same transaction.
    pub notice: Option<OutboxEntry>,
}

/// One step of the protocol. Where a step has `lease_seconds`, it extends the lease to that long from now; a clock that
/// is behind never shortens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Phase one: take the job.
    Reserve {
        asset: AssetId,
        manifest_id: String,
        encoder: EncoderKind,
        owner: String,
        lease_seconds: u32,
        /// Start a new generation if the present one has ended, complete or failed.
        force: bool,
    },
    /// Between the phases, if a service encodes: an order is about to be placed.
    Intend { fence: Fence, lease_seconds: u32 },
    /// Phase two: the encoder has accepted the job.
    Commit {
        fence: Fence,
        encoder_ref: String,
        lease_seconds: u32,
    },
    /// The encode has ended; validation begins.
    Validate { fence: Fence, lease_seconds: u32 },
    /// The output is valid: publish it.
    Complete { fence: Fence, outputs: Outputs },
    /// Give up what a failed generation wrote: the next attempt starts a new generation, and the objects may be deleted.
    Abandon {
        generation: Generation,
        attempt: u32,
    },
    /// Give the job up.
    Fail {
        fence: Fence,
        /// The stable error name.
        error: String,
        cause: String,
    },
}

/// The result of a transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransitionOutcome {
    /// The row is now this one, and the notice is in the outbox.
    Applied(Row),
    /// The same owner has already made this step: a retry. Nothing was written.
    AlreadyApplied(Row),
    /// The condition did not hold for this row. Nothing was written.
    Refused(Option<Row>),
}

impl Transition {
    /// Decides the step on the present row. The store makes the decision atomic.
    pub fn decide(&self, row: Option<&Row>, now: UnixMillis) -> TransitionOutcome {
        match &self.step {
            Step::Reserve { .. } => self.decide_reserve(row, now),
            Step::Intend {
                fence,
                lease_seconds,
            } => decide_intend(row, fence, *lease_seconds, now),
            Step::Commit {
                fence,
                encoder_ref,
                lease_seconds,
            } => advance(row, fence, State::Reserved, State::Submitted, now, |next| {
                next.encoder_ref = Some(encoder_ref.clone());
                extend_lease(next, now, *lease_seconds);
            }),
            Step::Validate {
                fence,
                lease_seconds,
            } => advance(
                row,
                fence,
                State::Submitted,
                State::Validating,
                now,
                |next| extend_lease(next, now, *lease_seconds),
            ),
            Step::Complete { fence, outputs } => advance(
                row,
                fence,
                State::Validating,
                State::Complete,
                now,
                |next| next.outputs = Some(outputs.clone()),
            ),
            Step::Abandon {
                generation,
                attempt,
            } => decide_abandon(row, *generation, *attempt, now),
            Step::Fail {
                fence,
                error,
                cause,
            } => decide_fail(row, fence, error, cause, now),
        }
    }

    fn decide_reserve(&self, row: Option<&Row>, now: UnixMillis) -> TransitionOutcome {
        let Step::Reserve {
            asset,
            manifest_id,
            encoder,
            owner,
            lease_seconds,
            force,
        } = &self.step
        else {
            return TransitionOutcome::Refused(row.cloned());
        };
        let reserved = |generation, attempt, created, failures| Row {
            job_key: self.job_key.clone(),
            asset: asset.clone(),
            manifest_id: manifest_id.clone(),
            state: State::Reserved,
            generation,
            attempt,
            owner: owner.clone(),
            lease_until: now.plus_seconds(*lease_seconds),
            encoder: *encoder,
            intended: None,
            encoder_ref: None,
            outputs: None,
            failures,
            created,
            updated: now,
        };
        let Some(row) = row else {
            return TransitionOutcome::Applied(reserved(Generation::FIRST, 1, now, Vec::new()));
        };
        let again = |generation, attempt| {
            TransitionOutcome::Applied(reserved(
                generation,
                attempt,
                row.created,
                row.failures.clone(),
            ))
        };
        let refused = || TransitionOutcome::Refused(Some(row.clone()));
        match row.state {
            state if state.is_live() && row.owner == *owner => {
                TransitionOutcome::AlreadyApplied(row.clone())
            }
            state if state.is_live() && row.lease_until > now => refused(),
            // An execution that failed has ended: this is a late call of it, and nothing would ever release its hold.
            _ if row.failures.iter().any(|f| f.owner == *owner) => refused(),
            State::Complete if !*force || row.owner == *owner => refused(),
            // The objects of a failed generation remain and may be the reason why it failed, so a forced encode starts in
            // a new generation.
            State::Complete | State::Failed if *force => {
                again(Generation(row.generation.0.saturating_add(1)), 1)
            }
            _ => again(row.generation, row.attempt.saturating_add(1)),
        }
    }
}

/// A retry finds the intent, or even the order, and so searches before it orders. It is refused once the lease has
/// expired: another execution could take the job between the search and the order.
fn decide_intend(
    row: Option<&Row>,
    fence: &Fence,
    lease: u32,
    now: UnixMillis,
) -> TransitionOutcome {
    let Some(row) = row.filter(|row| fence.holds(row)) else {
        return TransitionOutcome::Refused(row.cloned());
    };
    match row.state {
        State::Reserved if row.intended.is_none() => {
            let mut next = row.clone();
            next.intended = Some(now);
            next.updated = now;
            extend_lease(&mut next, now, lease);
            TransitionOutcome::Applied(next)
        }
        State::Submitted => TransitionOutcome::AlreadyApplied(row.clone()),
        State::Reserved if row.lease_until > now => TransitionOutcome::AlreadyApplied(row.clone()),
        _ => TransitionOutcome::Refused(Some(row.clone())),
    }
}

/// FAILED in the next generation, attempt 0: the next reservation makes it attempt 1.
fn decide_abandon(
    row: Option<&Row>,
    generation: Generation,
    attempt: u32,
    now: UnixMillis,
) -> TransitionOutcome {
    let abandoned = (Generation(generation.0.saturating_add(1)), 0);
    match row {
        Some(row) if row.state == State::Failed => match (row.generation, row.attempt) {
            present if present == (generation, attempt) && attempt > 0 => {
                let mut next = row.clone();
                (next.generation, next.attempt) = abandoned;
                next.updated = now;
                TransitionOutcome::Applied(next)
            }
            present if present == abandoned => TransitionOutcome::AlreadyApplied(row.clone()),
            _ => TransitionOutcome::Refused(Some(row.clone())),
        },
        other => TransitionOutcome::Refused(other.cloned()),
    }
}

fn extend_lease(row: &mut Row, now: UnixMillis, lease_seconds: u32) {
    row.lease_until = row.lease_until.max(now.plus_seconds(lease_seconds));
}

fn advance(
    row: Option<&Row>,
    fence: &Fence,
    from: State,
    to: State,
    now: UnixMillis,
    change: impl FnOnce(&mut Row),
) -> TransitionOutcome {
    match row {
        Some(row) if fence.holds(row) && row.state == from => {
            let mut next = row.clone();
            next.state = to;
            next.updated = now;
            change(&mut next);
            TransitionOutcome::Applied(next)
        }
        Some(row) if fence.holds(row) && row.state == to => {
            TransitionOutcome::AlreadyApplied(row.clone())
        }
        other => TransitionOutcome::Refused(other.cloned()),
    }
}

fn decide_fail(
    row: Option<&Row>,
    fence: &Fence,
    error: &str,
    cause: &str,
    now: UnixMillis,
) -> TransitionOutcome {
    match row {
        Some(row) if fence.holds(row) && row.state.is_live() => {
            let mut next = row.clone();
            next.state = State::Failed;
            next.updated = now;
            next.lease_until = now;
            next.failures.push(RecordedFailure {
                error: error.to_owned(),
                cause: cause.to_owned(),
                at: now,
                attempt: row.attempt,
                generation: row.generation,
                owner: row.owner.clone(),
            });
            let excess = next.failures.len().saturating_sub(MAX_FAILURES);
            next.failures.drain(..excess);
            TransitionOutcome::Applied(next)
        }
        Some(row) if fence.holds(row) && row.state == State::Failed => {
            TransitionOutcome::AlreadyApplied(row.clone())
        }
        other => TransitionOutcome::Refused(other.cloned()),
    }
}

#[cfg(test)]
mod tests;
