//! Exactly one encode: the submission as a pure transition table.
//!
//! ```text
//! RESERVED(owner, lease, attempt) ─▶ SUBMITTED(encoder ref) ─▶ VALIDATING ─▶ COMPLETE(outputs, report)
//!         └──────────────────────────────┴────────────┴─▶ FAILED(error, retryable) ─▶ RESERVED(attempt + 1)
//! ```
//!
//! Where a service outside encodes, the holder writes its intent into the RESERVED row before it places the order.
//! From COMPLETE and FAILED, force leads to RESERVED(generation + 1, attempt 1). What a FAILED generation made can be
//! abandoned: FAILED(generation + 1, attempt 0), which the next reservation makes attempt 1.
//!
//! A store applies a [`Transition`] atomically: it evaluates [`Transition::decide`] against the row as it is and
//! writes the new row only where that row has not moved. The AWS adapter turns the same condition into a DynamoDB
//! condition expression; the fake calls `decide` under a lock. Every write is conditional on attempt, state and owner.

mod abandon;

use abandon::decide_abandon;
use serde::{Deserialize, Serialize};

use crate::encoder::EncoderKind;
use crate::keys::{AssetId, Generation, JobKey};
use crate::time::UnixMillis;

/// Where a submission stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// An execution holds the job and has not handed it to an encoder yet.
    Reserved,
    /// The encoder has accepted it.
    Submitted,
    /// The encode has ended and its output is being proven.
    Validating,
    /// Proven and published.
    Complete,
    /// Ended without output; may be reserved again at once.
    Failed,
}

impl State {
    /// The name in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reserved => "RESERVED",
            Self::Submitted => "SUBMITTED",
            Self::Validating => "VALIDATING",
            Self::Complete => "COMPLETE",
            Self::Failed => "FAILED",
        }
    }

    /// Whether an execution may be working on the job.
    #[must_use]
    pub fn is_live(self) -> bool {
        matches!(self, Self::Reserved | Self::Submitted | Self::Validating)
    }
}

/// What is published of a complete job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// Bucket of everything below.
    pub bucket: String,
    /// Prefix of the deliverables, ending in `/`.
    pub prefix: String,
    /// Key of the HLS multivariant playlist.
    pub hls: String,
    /// Key of the MPD, where DASH was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dash: Option<String>,
    /// Key of the conformance report.
    pub report: String,
    /// Whether these are placeholders of a deployment in mock mode.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mock: bool,
}

/// Why a job failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedFailure {
    /// Stable error name.
    pub error: String,
    /// What was expected, what was found, where, what to do.
    pub cause: String,
    /// When.
    pub at: UnixMillis,
    /// In which attempt.
    pub attempt: u32,
    /// In which generation.
    pub generation: Generation,
    /// Under which execution.
    pub owner: String,
}

/// The row of one job key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The job.
    pub job_key: JobKey,
    /// The title.
    pub asset: AssetId,
    /// The manifest's own id.
    pub manifest_id: String,
    /// Where it stands.
    pub state: State,
    /// Which deliberate re-encode this is.
    pub generation: Generation,
    /// Which try within the generation, from 1.
    pub attempt: u32,
    /// Owner token: the ARN of the execution that holds or last held the job.
    pub owner: String,
    /// Until when the owner's hold is respected.
    pub lease_until: UnixMillis,
    /// Which encoder.
    pub encoder: EncoderKind,
    /// When the holder was about to order the encode from a service: from then on there may be an order that nobody has
    /// heard of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intended: Option<UnixMillis>,
    /// The encoder's own reference once it has accepted the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder_ref: Option<String>,
    /// What is published, once complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Outputs>,
    /// Failures of all attempts, oldest first, at most [`MAX_FAILURES`].
    #[serde(default)]
    pub failures: Vec<RecordedFailure>,
    /// When the row was first written.
    pub created: UnixMillis,
    /// When it last changed.
    pub updated: UnixMillis,
}

/// How many failures a row remembers: enough to see a pattern, far below the 400 KB of an item.
pub const MAX_FAILURES: usize = 20;

/// What a notification is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoticeKind {
    /// A generation was published.
    Success,
    /// An execution failed.
    Failure,
    /// An execution found its job done or being done.
    Duplicate,
}

impl NoticeKind {
    /// The name in messages and filter policies.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Duplicate => "duplicate",
        }
    }
}

/// A notification that must be sent. It is written in the same transaction as the transition that causes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxEntry {
    /// The partition it belongs to: a job key, or `execution#NAME` where there is no job.
    pub outbox: String,
    /// Identity within the outbox, for example `success#g1`: writing it twice is writing it once.
    pub id: String,
    /// What it is about.
    pub kind: NoticeKind,
    /// Subject line.
    pub subject: String,
    /// JSON body.
    pub body: String,
    /// When it was written.
    pub created: UnixMillis,
}

impl OutboxEntry {
    /// Identity over all outboxes, which subscribers use to drop repeats.
    #[must_use]
    pub fn message_id(&self) -> String {
        format!("{}#{}", self.outbox, self.id)
    }
}

/// Proof of holding a job: a write with any other token is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fence {
    /// The generation held.
    pub generation: Generation,
    /// The attempt held.
    pub attempt: u32,
    /// The owner token.
    pub owner: String,
}

impl Fence {
    /// Whether the row is held with this proof.
    #[must_use]
    pub fn holds(&self, row: &Row) -> bool {
        row.generation == self.generation && row.attempt == self.attempt && row.owner == self.owner
    }
}

/// What an execution asks of the row of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The job.
    pub job_key: JobKey,
    /// The step.
    pub step: Step,
    /// The notification that goes with it, written in the same transaction.
    pub notice: Option<OutboxEntry>,
}

/// One step of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Phase one: take the job.
    Reserve {
        /// The title.
        asset: AssetId,
        /// The manifest's own id.
        manifest_id: String,
        /// Which encoder will run it.
        encoder: EncoderKind,
        /// Owner token.
        owner: String,
        /// How long the hold is respected.
        lease_seconds: u32,
        /// Start a new generation where this one has ended, complete or failed.
        force: bool,
    },
    /// Between the phases, where a service encodes: an order is about to be placed.
    Intend {
        /// Proof of the reservation.
        fence: Fence,
        /// Extends the lease to this long from now; a clock that is behind never shortens it.
        lease_seconds: u32,
    },
    /// Phase two: the encoder has accepted it.
    Commit {
        /// Proof of the reservation.
        fence: Fence,
        /// The encoder's reference.
        encoder_ref: String,
        /// Extends the lease to this long from now; a clock that is behind never shortens it.
        lease_seconds: u32,
    },
    /// The encode has ended; proving begins.
    Validate {
        /// Proof of the reservation.
        fence: Fence,
        /// Extends the lease to this long from now; a clock that is behind never shortens it.
        lease_seconds: u32,
    },
    /// Proven: publish.
    Complete {
        /// Proof of the reservation.
        fence: Fence,
        /// What is published.
        outputs: Outputs,
    },
    /// Give up what a failed generation made: the next attempt begins another one, and its objects may be deleted.
    Abandon {
        /// The generation that failed.
        generation: Generation,
        /// Its last attempt.
        attempt: u32,
    },
    /// Give the job up.
    Fail {
        /// Proof of the reservation.
        fence: Fence,
        /// Stable error name.
        error: String,
        /// For people.
        cause: String,
    },
}

/// What came of a transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The row is now this one; the notice is in the outbox.
    Applied(Row),
    /// The row already was where the step leads, by the same owner: a retry. Nothing was written.
    AlreadyApplied(Row),
    /// The condition did not hold; the row that decided. Nothing was written.
    Refused(Option<Row>),
}

impl Transition {
    /// Decides against the row as it is. Pure; the store makes it atomic.
    #[must_use]
    pub fn decide(&self, row: Option<&Row>, now: UnixMillis) -> Outcome {
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
            } => step_on(
                row,
                fence,
                State::Reserved,
                State::Submitted,
                |next| {
                    next.encoder_ref = Some(encoder_ref.clone());
                    extend(next, now, *lease_seconds);
                },
                now,
            ),
            Step::Validate {
                fence,
                lease_seconds,
            } => step_on(
                row,
                fence,
                State::Submitted,
                State::Validating,
                |next| {
                    extend(next, now, *lease_seconds);
                },
                now,
            ),
            Step::Complete { fence, outputs } => step_on(
                row,
                fence,
                State::Validating,
                State::Complete,
                |next| {
                    next.outputs = Some(outputs.clone());
                },
                now,
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

    fn decide_reserve(&self, row: Option<&Row>, now: UnixMillis) -> Outcome {
        let Step::Reserve {
            asset,
            manifest_id,
            encoder,
            owner,
            lease_seconds,
            force,
        } = &self.step
        else {
            return Outcome::Refused(row.cloned());
        };
        let fresh = |generation, attempt, created, failures| Row {
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
            return Outcome::Applied(fresh(Generation::FIRST, 1, now, Vec::new()));
        };
        let again =
            |generation, attempt| fresh(generation, attempt, row.created, row.failures.clone());
        match row.state {
            state if state.is_live() && row.owner == *owner => Outcome::AlreadyApplied(row.clone()),
            state if state.is_live() && row.lease_until > now => {
                Outcome::Refused(Some(row.clone()))
            }
            // An execution that gave up has ended: this is a late call of it, and nobody would ever release the hold.
            _ if row.failures.iter().any(|f| f.owner == *owner) => {
                Outcome::Refused(Some(row.clone()))
            }
            State::Complete if !*force || row.owner == *owner => {
                Outcome::Refused(Some(row.clone()))
            }
            // What a failed generation wrote stands, and may be why it failed: only another one starts clean.
            State::Complete | State::Failed if *force => {
                Outcome::Applied(again(Generation(row.generation.0.saturating_add(1)), 1))
            }
            _ => Outcome::Applied(again(row.generation, row.attempt.saturating_add(1))),
        }
    }
}

/// A repeat finds the intent, or even the order, and so knows that it must look before it orders. It is refused once the
/// lease has lapsed: another execution could take the job between its search and its order.
fn decide_intend(row: Option<&Row>, fence: &Fence, lease: u32, now: UnixMillis) -> Outcome {
    match row {
        Some(row) if fence.holds(row) && row.state == State::Reserved && row.intended.is_none() => {
            let mut next = row.clone();
            next.intended = Some(now);
            next.updated = now;
            extend(&mut next, now, lease);
            Outcome::Applied(next)
        }
        Some(row)
            if fence.holds(row)
                && (row.state == State::Submitted
                    || row.state == State::Reserved && row.lease_until > now) =>
        {
            Outcome::AlreadyApplied(row.clone())
        }
        other => Outcome::Refused(other.cloned()),
    }
}

fn extend(row: &mut Row, now: UnixMillis, lease_seconds: u32) {
    row.lease_until = row.lease_until.max(now.plus_seconds(lease_seconds));
}

fn step_on(
    row: Option<&Row>,
    fence: &Fence,
    from: State,
    to: State,
    change: impl FnOnce(&mut Row),
    now: UnixMillis,
) -> Outcome {
    match row {
        Some(row) if fence.holds(row) && row.state == from => {
            let mut next = row.clone();
            next.state = to;
            next.updated = now;
            change(&mut next);
            Outcome::Applied(next)
        }
        Some(row) if fence.holds(row) && row.state == to => Outcome::AlreadyApplied(row.clone()),
        other => Outcome::Refused(other.cloned()),
    }
}

fn decide_fail(
    row: Option<&Row>,
    fence: &Fence,
    error: &str,
    cause: &str,
    now: UnixMillis,
) -> Outcome {
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
            Outcome::Applied(next)
        }
        Some(row) if fence.holds(row) && row.state == State::Failed => {
            Outcome::AlreadyApplied(row.clone())
        }
        other => Outcome::Refused(other.cloned()),
    }
}

#[cfg(test)]
mod tests;
