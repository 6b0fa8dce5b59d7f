//! Protocols with one mistake each. The model checker must find every one of them.

use reelsmith_core::submission::{Fence, Row, State, Step, Transition, TransitionOutcome};
use reelsmith_core::time::UnixMillis;

/// A mistake in the transition table, in the store, or in the program of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// Table: a live lease is ignored.
    LeaseIgnored,
    /// Table: steps do not check generation, attempt and owner.
    FenceIgnored,
    /// Table: any execution that reserves a live job counts as its owner.
    OwnerIgnored,
    /// Table: a takeover keeps the attempt.
    AttemptKept,
    /// Table: COMPLETE has no condition.
    CompleteUnconditional,
    /// Table: a complete job can be reserved like a failed one.
    CompleteReservable,
    /// Table: a failed job stays failed.
    FailedIsFinal,
    /// Table: a lease never expires.
    ExpiryIgnored,
    /// Table: an execution that failed may reserve the job again.
    EndedOwnerReserves,
    /// Table: a forced execution continues the failed generation.
    ForceKeepsGeneration,
    /// Store: the notice is written separately, after the transition.
    OutboxApart,
    /// Store: segments are written without `If-None-Match`.
    SegmentsReplaced,
    /// Store: records are written without `If-None-Match`.
    RecordsReplaced,
    /// Program: the record is written before its segment.
    RecordFirst,
    /// Program: an outbox entry is marked before it is sent.
    MarkFirst,
    /// Program: every send has a new message id.
    FreshMessageId,
    /// Program: fail-job releases only a hold that is in the state data.
    FailJobBlind,
    /// Program: an execution that finds the job complete does not drain the job's outbox.
    OwnOutboxOnly,
    /// Program: the owner token identifies the manifest, not the execution.
    OwnerShared,
    /// Table: an existing intent is not distinguished from a new one.
    IntentUnnoticed,
    /// Table: an intent does not check generation, attempt and owner.
    IntentUnfenced,
    /// Program: a new attempt places an order without searching for the previous attempt's order.
    TakeoverBlind,
    /// Program: each attempt orders with a token of its own.
    TokenOfAttempt,
    /// Table: a row is abandoned even if it changed since it was read.
    AbandonUnread,
    /// Table: the attempt after an abandoned generation stays in that generation.
    AbandonKeepsGeneration,
    /// Program: the reaper deletes before it abandons the generation in the row.
    DeleteFirst,
}

impl Mutant {
    pub const ALL: &'static [Self] = &[
        Self::LeaseIgnored,
        Self::FenceIgnored,
        Self::OwnerIgnored,
        Self::AttemptKept,
        Self::CompleteUnconditional,
        Self::CompleteReservable,
        Self::FailedIsFinal,
        Self::ExpiryIgnored,
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
        Self::TokenOfAttempt,
        Self::AbandonUnread,
        Self::AbandonKeepsGeneration,
        Self::DeleteFirst,
    ];

    /// The decision of the table, with the mistake if there is one.
    pub fn decide(
        mutant: Option<Self>,
        transition: &Transition,
        row: Option<&Row>,
        now: UnixMillis,
    ) -> TransitionOutcome {
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
                TransitionOutcome::Applied(next)
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

    fn abandon(self, transition: &Transition, row: &Row, now: UnixMillis) -> TransitionOutcome {
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
            TransitionOutcome::Applied(mut next) if self == Self::AbandonKeepsGeneration => {
                next.generation = row.generation;
                TransitionOutcome::Applied(next)
            }
            other => other,
        }
    }

    fn reserve(self, transition: &Transition, row: &Row, now: UnixMillis) -> TransitionOutcome {
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
            Self::ExpiryIgnored if live && row.owner != *owner => {
                TransitionOutcome::Refused(Some(row.clone()))
            }
            Self::OwnerIgnored if live => TransitionOutcome::AlreadyApplied(row.clone()),
            Self::CompleteReservable if row.state == State::Complete => {
                with(&|seen| seen.state = State::Failed)
            }
            Self::FailedIsFinal if row.state == State::Failed => {
                TransitionOutcome::Refused(Some(row.clone()))
            }
            Self::AttemptKept => match with(&|_| {}) {
                TransitionOutcome::Applied(mut next) if next.generation == row.generation => {
                    next.attempt = row.attempt;
                    TransitionOutcome::Applied(next)
                }
                other => other,
            },
            Self::EndedOwnerReserves => match with(&|seen| seen.failures.clear()) {
                TransitionOutcome::Applied(mut next) => {
                    next.failures.clone_from(&row.failures);
                    TransitionOutcome::Applied(next)
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
