//! Protocols that are wrong in one place. The model must find each of them, or it proves nothing about the right one.

use reelsmith_core::submission::{Fence, Outcome, Row, State, Step, Transition};
use reelsmith_core::time::UnixMillis;

/// One mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// Table: a live lease stops nobody.
    LeaseIgnored,
    /// Table: steps are not held against generation, attempt and owner.
    FenceIgnored,
    /// Table: whoever asks for a live job is taken for its owner.
    OwnerIgnored,
    /// Table: a takeover keeps the attempt.
    AttemptKept,
    /// Table: COMPLETE needs nothing.
    CompleteUnconditional,
    /// Table: a complete job is reserved like a failed one.
    CompleteReservable,
    /// Table: a failed job stays failed.
    FailedIsFinal,
    /// Table: a lease never lapses.
    LapseIgnored,
    /// Table: an execution that gave the job up may take it again.
    EndedOwnerReserves,
    /// Table: a forced execution goes on in a generation that failed.
    ForceKeepsGeneration,
    /// Store: the notice is a write of its own after the transition.
    OutboxApart,
    /// Store: segments are written without `If-None-Match`.
    SegmentsReplaced,
    /// Store: records are written without `If-None-Match`.
    RecordsReplaced,
    /// Program: the record is written before its segment.
    RecordFirst,
    /// Program: an outbox entry is marked before it is sent.
    MarkFirst,
    /// Program: every send has an id of its own.
    FreshMessageId,
    /// Program: fail-job releases only what the state data says is held.
    FailJobBlind,
    /// Program: an execution that finds the job complete leaves the job's outbox alone.
    OwnOutboxOnly,
    /// Program: the owner token is the manifest's, not the execution's.
    OwnerShared,
    /// Table: an intent that is written already is not told from a new one.
    IntentUnnoticed,
    /// Table: an intent is not held against generation, attempt and owner.
    IntentUnfenced,
    /// Program: a new attempt orders without looking for the order of the one before.
    TakeoverBlind,
    /// Table: a row is abandoned whatever became of it since it was read.
    AbandonUnread,
    /// Table: the attempt after an abandoned one goes on in its generation.
    AbandonKeepsGeneration,
    /// Program: the reaper deletes before the row says that the generation is abandoned.
    DeleteFirst,
}

impl Mutant {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::LeaseIgnored,
        Self::FenceIgnored,
        Self::OwnerIgnored,
        Self::AttemptKept,
        Self::CompleteUnconditional,
        Self::CompleteReservable,
        Self::FailedIsFinal,
        Self::LapseIgnored,
        Self::EndedOwnerReserves,
        Self::ForceKeepsGeneration,
        Self::OutboxApart,
        Self::SegmentsReplaced,
        Self::RecordsReplaced,
        Self::RecordFirst,
        Self::MarkFirst,
        Self::FreshMessageId,
        Self::FailJobBlind,
        Self::OwnOutboxOnly,
        Self::OwnerShared,
        Self::IntentUnnoticed,
        Self::IntentUnfenced,
        Self::TakeoverBlind,
        Self::AbandonUnread,
        Self::AbandonKeepsGeneration,
        Self::DeleteFirst,
    ];

    /// The table's decision, with the mistake where there is one.
    pub fn decide(
        mutant: Option<Self>,
        transition: &Transition,
        row: Option<&Row>,
        now: UnixMillis,
    ) -> Outcome {
        let right = || transition.decide(row, now);
        let (Some(mutant), Some(row)) = (mutant, row) else {
            return right();
        };
        match (mutant, &transition.step) {
            (Self::FenceIgnored, step) => {
                with_step(transition, refenced(step, row)).decide(Some(row), now)
            }
            (Self::CompleteUnconditional, Step::Complete { outputs, .. }) => {
                let mut next = row.clone();
                next.state = State::Complete;
                next.outputs = Some(outputs.clone());
                Outcome::Applied(next)
            }
            (Self::IntentUnnoticed, Step::Intend { .. }) => {
                let mut seen = row.clone();
                seen.intended = None;
                transition.decide(Some(&seen), now)
            }
            (Self::IntentUnfenced, Step::Intend { .. }) => {
                let step = refenced(&transition.step, row);
                with_step(transition, step).decide(Some(row), now)
            }
            (Self::AbandonUnread | Self::AbandonKeepsGeneration, Step::Abandon { .. }) => {
                mutant.abandon(transition, row, now)
            }
            (_, Step::Reserve { .. }) => mutant.reserve(transition, row, now),
            _ => right(),
        }
    }

    fn abandon(self, transition: &Transition, row: &Row, now: UnixMillis) -> Outcome {
        let mut seen = row.clone();
        if let (
            Self::AbandonUnread,
            Step::Abandon {
                generation,
                attempt,
            },
        ) = (self, &transition.step)
        {
            seen.state = State::Failed;
            (seen.generation, seen.attempt) = (*generation, *attempt);
        }
        match transition.decide(Some(&seen), now) {
            Outcome::Applied(mut next) if self == Self::AbandonKeepsGeneration => {
                next.generation = row.generation;
                Outcome::Applied(next)
            }
            other => other,
        }
    }

    fn reserve(self, transition: &Transition, row: &Row, now: UnixMillis) -> Outcome {
        let Step::Reserve { owner, force, .. } = &transition.step else {
            return transition.decide(Some(row), now);
        };
        let with = |change: &dyn Fn(&mut Row)| {
            let mut seen = row.clone();
            change(&mut seen);
            transition.decide(Some(&seen), now)
        };
        let live = row.state.is_live();
        match self {
            Self::LeaseIgnored => with(&|seen| seen.lease_until = UnixMillis(i64::MIN)),
            Self::LapseIgnored if live && row.owner != *owner => {
                Outcome::Refused(Some(row.clone()))
            }
            Self::OwnerIgnored if live => Outcome::AlreadyApplied(row.clone()),
            Self::CompleteReservable if row.state == State::Complete => {
                with(&|seen| seen.state = State::Failed)
            }
            Self::FailedIsFinal if row.state == State::Failed => {
                Outcome::Refused(Some(row.clone()))
            }
            Self::AttemptKept => match with(&|_| {}) {
                Outcome::Applied(mut next) if next.generation == row.generation => {
                    next.attempt = row.attempt;
                    Outcome::Applied(next)
                }
                other => other,
            },
            Self::EndedOwnerReserves => match with(&|seen| seen.failures.clear()) {
                Outcome::Applied(mut next) => {
                    next.failures.clone_from(&row.failures);
                    Outcome::Applied(next)
                }
                other => other,
            },
            Self::ForceKeepsGeneration if *force && row.state == State::Failed => {
                let mut step = transition.step.clone();
                if let Step::Reserve { force, .. } = &mut step {
                    *force = false;
                }
                with_step(transition, step).decide(Some(row), now)
            }
            _ => with(&|_| {}),
        }
    }
}

fn with_step(transition: &Transition, step: Step) -> Transition {
    Transition {
        step,
        ..transition.clone()
    }
}

fn refenced(step: &Step, row: &Row) -> Step {
    let mut step = step.clone();
    match &mut step {
        Step::Intend { fence, .. }
        | Step::Commit { fence, .. }
        | Step::Validate { fence, .. }
        | Step::Complete { fence, .. }
        | Step::Fail { fence, .. } => {
            *fence = Fence {
                generation: row.generation,
                attempt: row.attempt,
                owner: row.owner.clone(),
            };
        }
        Step::Reserve { .. } | Step::Abandon { .. } => {}
    }
    step
}
