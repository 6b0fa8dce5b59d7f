//! The steps of an execution, port call by port call, as the functions and the state machine make them.

use reelsmith_core::submission::{State, Step, TransitionOutcome};

use crate::mutant::Mutant;
use crate::order::failure;
use crate::storage::{
    Actor, CHUNKS, Entry, Hold, LEASE_SECONDS, Outbox, Storage, asset, broken, outputs, owner,
};

/// The next port call of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// None yet: its event has not been delivered.
    Delivery,
    // submit-job
    Reserve,
    Commit,
    PendingOfJob,
    Duplicate,
    // plan-chunks
    Plan,
    // start-encode
    Intend,
    Find,
    /// Under this number.
    Order(u8),
    CommitOrder,
    // check-job
    Collect,
    // transcode-chunk
    Look(u8),
    Segment(u8),
    Record(u8),
    // validate-output
    Validate,
    Measure,
    // publish-job
    Complete,
    SuccessApart,
    // fail-job
    FindHold,
    Release,
    FindOrder,
    CancelOrder,
    FailureApart,
    // notify
    Pending,
    Send,
    Mark,
    /// None: it has ended.
    Ended(End),
}

/// How an execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    Published,
    Duplicate,
    Failed,
    /// Its own failure handling failed.
    Unrecorded,
    /// It was stopped from outside, or timed out.
    Stopped,
}

/// The function that makes a call. A retry starts it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    None,
    SubmitJob,
    PlanChunks,
    StartEncode,
    CheckJob,
    TranscodeChunk(u8),
    ValidateOutput,
    PublishJob,
    FailJob,
    Notify,
}

/// Why an execution failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    Nothing,
    /// It found different bytes under its key (`OutputConflict`).
    Conflict,
    /// It no longer holds the job (`SubmissionLost`).
    Lost,
    /// Records and segments do not match (`OutputInvalid`).
    Unproven,
    /// The service reports that the order was cancelled (`MediaConvertJobFailed`).
    Cancelled,
    /// A function failed and no retries were left.
    Fault,
}

/// An execution, or an invocation of it that continues after its function ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Program {
    pub call: Call,
    pub hold: Option<Hold>,
    /// The order that the present function has found or placed.
    pub order: Option<u8>,
    pub why: Why,
    /// The outbox that notify drains, and how the execution ends after that.
    pub outbox: Option<Outbox>,
    pub end: End,
    /// The entries that notify has read but not processed.
    pub todo: Vec<Entry>,
}

impl Program {
    /// An execution whose event has not been delivered.
    pub fn waiting() -> Self {
        Self {
            call: Call::Delivery,
            hold: None,
            order: None,
            why: Why::Nothing,
            outbox: None,
            end: End::Published,
            todo: Vec::new(),
        }
    }

    /// An execution before its first call.
    pub fn started() -> Self {
        Self {
            call: Call::Reserve,
            ..Self::waiting()
        }
    }

    pub fn is_running(&self) -> bool {
        !matches!(self.call, Call::Delivery | Call::Ended(_))
    }

    /// Whether it works on the job as if it held it.
    pub fn believes(&self) -> bool {
        matches!(
            self.function(),
            Function::PlanChunks
                | Function::StartEncode
                | Function::CheckJob
                | Function::TranscodeChunk(_)
                | Function::ValidateOutput
                | Function::PublishJob
        )
    }

    pub fn function(&self) -> Function {
        match self.call {
            Call::Delivery | Call::Ended(_) => Function::None,
            Call::Reserve | Call::Commit | Call::PendingOfJob | Call::Duplicate => {
                Function::SubmitJob
            }
            Call::Plan => Function::PlanChunks,
            Call::Intend | Call::Find | Call::Order(_) | Call::CommitOrder => Function::StartEncode,
            Call::Collect => Function::CheckJob,
            Call::Look(c) | Call::Segment(c) | Call::Record(c) => Function::TranscodeChunk(c),
            Call::Validate | Call::Measure => Function::ValidateOutput,
            Call::Complete | Call::SuccessApart => Function::PublishJob,
            Call::FindHold
            | Call::Release
            | Call::FindOrder
            | Call::CancelOrder
            | Call::FailureApart => Function::FailJob,
            Call::Pending | Call::Send | Call::Mark => Function::Notify,
        }
    }

    /// The execution at the first call of its function: a retry by Step Functions.
    pub fn retried(&self) -> Self {
        let mut again = self.clone();
        again.call = match self.function() {
            Function::None => self.call,
            Function::SubmitJob => Call::Reserve,
            Function::PlanChunks => Call::Plan,
            Function::StartEncode => Call::Intend,
            Function::CheckJob => Call::Collect,
            Function::TranscodeChunk(c) => Call::Look(c),
            Function::ValidateOutput => Call::Validate,
            Function::PublishJob => Call::Complete,
            Function::FailJob => Call::FindHold,
            Function::Notify => Call::Pending,
        };
        if self.function() == Function::SubmitJob {
            // The hold is in the state data only after submit-job has answered.
            again.hold = None;
        }
        again.order = None;
        again.todo.clear();
        again
    }

    /// The execution after its function failed without retries left: the Catch of its state.
    pub fn caught(&self, why: Why) -> Self {
        let mut next = self.retried();
        next.why = why;
        next.call = match (self.function(), self.end) {
            (Function::FailJob, _) => Call::Ended(End::Unrecorded),
            (Function::Notify, End::Failed) => Call::Ended(End::Failed),
            (Function::Notify, _) => Call::Ended(End::Unrecorded),
            _ => Call::FindHold,
        };
        next
    }

    /// Makes the next port call and processes the answer. `overdue` means that its function ended more than a
    /// minute ago.
    pub fn perform(
        &mut self,
        mutant: Option<Mutant>,
        storage: &mut Storage,
        actor: &Actor,
        overdue: bool,
    ) {
        match self.function() {
            Function::None => {}
            Function::SubmitJob => self.submit(mutant, storage, actor),
            Function::PlanChunks | Function::TranscodeChunk(_) => {
                self.encode(mutant, storage, actor);
            }
            Function::StartEncode | Function::CheckJob => {
                self.ordering(mutant, storage, actor, overdue);
            }
            Function::ValidateOutput | Function::PublishJob => self.prove(mutant, storage, actor),
            Function::FailJob => self.fail(mutant, storage, actor),
            Function::Notify => self.notify(mutant, storage),
        }
    }

    fn submit(&mut self, mutant: Option<Mutant>, storage: &mut Storage, actor: &Actor) {
        match self.call {
            Call::Reserve => self.reserve(mutant, storage, actor),
            Call::Commit => {
                let step = |hold: Hold| Step::Commit {
                    fence: hold.fence(),
                    encoder_ref: owner(actor.who),
                    lease_seconds: LEASE_SECONDS,
                };
                self.transition(mutant, storage, actor, step, None, Call::Plan);
            }
            Call::PendingOfJob => {
                let of_job = Outbox::Job(actor.job);
                let left =
                    !storage.pending(of_job).is_empty() && mutant != Some(Mutant::OwnOutboxOnly);
                self.outbox = Some(if left {
                    of_job
                } else {
                    Outbox::Execution(actor.who)
                });
                self.call = Call::Duplicate;
            }
            _ => {
                let outbox = self.outbox.unwrap_or(Outbox::Execution(actor.who));
                storage.enqueue(outbox, Entry::Duplicate(actor.who));
                self.drain(outbox, End::Duplicate);
            }
        }
    }

    fn reserve(&mut self, mutant: Option<Mutant>, storage: &mut Storage, actor: &Actor) {
        let shared = mutant == Some(Mutant::OwnerShared);
        let step = Step::Reserve {
            asset: asset(),
            manifest_id: String::new(),
            encoder: actor.encoder(),
            owner: owner(if shared { 0 } else { actor.who }),
            lease_seconds: LEASE_SECONDS,
            force: actor.force,
        };
        match storage.apply(mutant, actor, step, None) {
            TransitionOutcome::Applied(row) | TransitionOutcome::AlreadyApplied(row) => {
                self.hold = Some(Hold::of(&row));
                // An order is placed after the plan, by another function.
                let reserved = row.state == State::Reserved && !actor.service;
                self.call = if reserved { Call::Commit } else { Call::Plan };
            }
            TransitionOutcome::Refused(Some(row)) if row.state == State::Complete => {
                self.call = Call::PendingOfJob;
            }
            TransitionOutcome::Refused(Some(row)) if row.state.is_live() => {
                self.call = Call::Duplicate;
            }
            TransitionOutcome::Refused(_) => *self = self.caught(Why::Lost),
        }
    }

    fn encode(&mut self, mutant: Option<Mutant>, storage: &mut Storage, actor: &Actor) {
        let generation = self.hold.map_or(1, |hold| hold.generation);
        let create_only = mutant != Some(Mutant::RecordsReplaced);
        let record_first = mutant == Some(Mutant::RecordFirst);
        let next = |c: u8| {
            if c + 1 < CHUNKS {
                Call::Look(c + 1)
            } else {
                Call::Validate
            }
        };
        let objects = storage.objects(actor.job, generation);
        let mut damage = 0;
        match self.call {
            Call::Plan => {
                Storage::put(&mut objects.plan, actor.who, true);
                self.call = if actor.service {
                    Call::Intend
                } else {
                    Call::Look(0)
                };
            }
            Call::Look(c) => {
                self.call = match objects.chunks[usize::from(c)].record {
                    Some(_) => next(c),
                    None if record_first => Call::Record(c),
                    None => Call::Segment(c),
                };
            }
            Call::Segment(c) => {
                let replace = mutant == Some(Mutant::SegmentsReplaced);
                let segment = &mut objects.chunks[usize::from(c)].segment;
                let changed = Storage::put(segment, actor.build, !replace);
                damage |= if changed { broken::BYTES_CHANGED } else { 0 };
                if *segment != Some(actor.build) {
                    *self = self.caught(Why::Conflict);
                } else {
                    self.call = if record_first {
                        next(c)
                    } else {
                        Call::Record(c)
                    };
                }
            }
            Call::Record(c) => {
                let record = &mut objects.chunks[usize::from(c)].record;
                let changed = Storage::put(record, (actor.who, actor.build), create_only);
                damage |= if changed { broken::RECORD_REPLACED } else { 0 };
                self.call = if record_first {
                    Call::Segment(c)
                } else {
                    next(c)
                };
            }
            _ => {}
        }
        storage.broken |= damage;
    }

    fn prove(&mut self, mutant: Option<Mutant>, storage: &mut Storage, actor: &Actor) {
        let generation = self.hold.map_or(1, |hold| hold.generation);
        let success = (Outbox::Job(actor.job), Entry::Success(generation));
        match self.call {
            Call::Validate => {
                let step = |hold: Hold| Step::Validate {
                    fence: hold.fence(),
                    lease_seconds: LEASE_SECONDS,
                };
                self.transition(mutant, storage, actor, step, None, Call::Measure);
            }
            Call::Measure => {
                let chunks = &storage.objects(actor.job, generation).chunks;
                let fits = |c: &crate::storage::Chunk| {
                    c.record.is_some() && c.record.map(|(_, bytes)| bytes) == c.segment
                };
                // The output of the service exists once it reports so.
                if actor.service || chunks.iter().all(fits) {
                    self.call = Call::Complete;
                } else {
                    *self = self.caught(Why::Unproven);
                }
            }
            Call::Complete => {
                let apart = mutant == Some(Mutant::OutboxApart);
                let then = if apart {
                    Call::SuccessApart
                } else {
                    Call::Pending
                };
                let step = |hold: Hold| Step::Complete {
                    fence: hold.fence(),
                    outputs: outputs(),
                };
                (self.outbox, self.end) = (Some(success.0), End::Published);
                self.transition(mutant, storage, actor, step, Some(success), then);
            }
            _ => {
                storage.enqueue(success.0, success.1);
                self.drain(success.0, End::Published);
            }
        }
    }

    fn fail(&mut self, mutant: Option<Mutant>, storage: &mut Storage, actor: &Actor) {
        let failure = failure(actor);
        let outbox = failure.0;
        match self.call {
            Call::FindHold => {
                let mine =
                    |held: &&crate::storage::Held| held.state.is_live() && held.owner == actor.who;
                if self.hold.is_none() && mutant != Some(Mutant::FailJobBlind) {
                    self.hold = storage.held(actor.job).filter(mine).map(|held| Hold {
                        generation: held.generation,
                        attempt: held.attempt,
                        owner: held.owner,
                    });
                }
                let held = self.hold.is_some();
                self.call = if held {
                    Call::Release
                } else {
                    Call::FailureApart
                };
            }
            Call::Release => {
                let Some(hold) = self.hold else { return };
                let step = Step::Fail {
                    fence: hold.fence(),
                    error: "E".to_owned(),
                    cause: String::new(),
                };
                match storage.apply(mutant, actor, step, Some(failure)) {
                    TransitionOutcome::Refused(_) => self.call = Call::FailureApart,
                    _ if actor.service => self.call = Call::FindOrder,
                    _ => self.drain(outbox, End::Failed),
                }
            }
            Call::FindOrder | Call::CancelOrder => self.cancel_order(storage, actor),
            _ => {
                storage.enqueue(outbox, failure.1);
                self.drain(outbox, End::Failed);
            }
        }
    }

    fn notify(&mut self, mutant: Option<Mutant>, storage: &mut Storage) {
        let Some(outbox) = self.outbox else { return };
        let mark_first = mutant == Some(Mutant::MarkFirst);
        match self.call {
            Call::Pending => {
                self.todo = storage.pending(outbox);
                self.call = if mark_first { Call::Mark } else { Call::Send };
                if self.todo.is_empty() {
                    self.call = Call::Ended(self.end);
                }
                return;
            }
            Call::Send => {
                storage.send(outbox, self.todo[0], mutant == Some(Mutant::FreshMessageId));
            }
            _ => storage.mark(outbox, self.todo[0]),
        }
        match (self.call, mark_first) {
            (Call::Send, false) => self.call = Call::Mark,
            (Call::Mark, true) => self.call = Call::Send,
            _ => {
                self.todo.remove(0);
                self.call = if mark_first { Call::Mark } else { Call::Send };
                if self.todo.is_empty() {
                    self.call = Call::Ended(self.end);
                }
            }
        }
    }

    /// A step of the holder. If it is refused, the execution has lost the job.
    pub fn transition(
        &mut self,
        mutant: Option<Mutant>,
        storage: &mut Storage,
        actor: &Actor,
        step: impl Fn(Hold) -> Step,
        notice: Option<(Outbox, Entry)>,
        then: Call,
    ) {
        let Some(hold) = self.hold else { return };
        match storage.apply(mutant, actor, step(hold), notice) {
            TransitionOutcome::Applied(_) | TransitionOutcome::AlreadyApplied(_) => {
                self.call = then;
            }
            TransitionOutcome::Refused(_) => *self = self.caught(Why::Lost),
        }
    }

    pub fn drain(&mut self, outbox: Outbox, end: End) {
        (self.outbox, self.end, self.call) = (Some(outbox), end, Call::Pending);
    }
}
