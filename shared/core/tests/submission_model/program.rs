//! What an execution does, port call by port call, as the functions and the state machine do it.

use reelsmith_core::submission::{Outcome, State, Step};

use crate::mutant::Mutant;
use crate::order::failure;
use crate::world::{
    Actor, CHUNKS, Entry, Hold, LEASE_SECONDS, Outbox, World, asset, broken, outputs, owner,
};

/// The next port call of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// Nothing yet: its event has not been delivered.
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
    Order,
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

/// The function that makes a call: what a retry starts again.
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

/// Why an execution failed by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    Nothing,
    /// It found bytes that are not its own (`OutputConflict`).
    Conflict,
    /// It found that it does not hold the job (`SubmissionLost`).
    Lost,
    /// Records and segments do not fit (`OutputInvalid`).
    Unproven,
    /// The service says that the order was called off (`MediaConvertJobFailed`).
    CalledOff,
    /// A function failed and its retries were used up.
    Fault,
}

/// An execution, or an invocation of it that outlived its time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Program {
    pub call: Call,
    pub hold: Option<Hold>,
    /// The order that the function at work has found or placed.
    pub order: Option<u8>,
    pub why: Why,
    /// The outbox that its notify drains, and how it ends then.
    pub outbox: Option<Outbox>,
    pub end: End,
    /// What notify has read and not yet dealt with.
    pub todo: Vec<Entry>,
}

impl Program {
    /// Before its event is delivered.
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

    /// At its first call.
    pub fn started() -> Self {
        Self {
            call: Call::Reserve,
            ..Self::waiting()
        }
    }

    pub fn is_running(&self) -> bool {
        !matches!(self.call, Call::Delivery | Call::Ended(_))
    }

    /// Whether it works on the job in the belief that it holds it.
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
            Call::Intend | Call::Find | Call::Order | Call::CommitOrder => Function::StartEncode,
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

    /// The same execution at the first call of the function again: what Step Functions does on a retry.
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
            // The hold is in the state data only once submit-job has answered.
            again.hold = None;
        }
        again.order = None;
        again.todo.clear();
        again
    }

    /// The same execution after its function failed for good: what the state's Catch does.
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

    /// Makes the next port call and takes in its answer. `late` says that its function has ended without it.
    pub fn perform(
        &mut self,
        mutant: Option<Mutant>,
        world: &mut World,
        actor: &Actor,
        late: bool,
    ) {
        match self.function() {
            Function::None => {}
            Function::SubmitJob => self.submit(mutant, world, actor),
            Function::PlanChunks | Function::TranscodeChunk(_) => self.encode(mutant, world, actor),
            Function::StartEncode | Function::CheckJob => {
                self.ordering(mutant, world, actor, late);
            }
            Function::ValidateOutput | Function::PublishJob => self.prove(mutant, world, actor),
            Function::FailJob => self.fail(mutant, world, actor),
            Function::Notify => self.notify(mutant, world),
        }
    }

    fn submit(&mut self, mutant: Option<Mutant>, world: &mut World, actor: &Actor) {
        match self.call {
            Call::Reserve => self.reserve(mutant, world, actor),
            Call::Commit => {
                let step = |hold: Hold| Step::Commit {
                    fence: hold.fence(),
                    encoder_ref: owner(actor.who),
                    lease_seconds: LEASE_SECONDS,
                };
                self.transition(mutant, world, actor, step, None, Call::Plan);
            }
            Call::PendingOfJob => {
                let of_job = Outbox::Job(actor.job);
                let left =
                    !world.pending(of_job).is_empty() && mutant != Some(Mutant::OwnOutboxOnly);
                self.outbox = Some(if left {
                    of_job
                } else {
                    Outbox::Execution(actor.who)
                });
                self.call = Call::Duplicate;
            }
            _ => {
                let outbox = self.outbox.unwrap_or(Outbox::Execution(actor.who));
                world.enqueue(outbox, Entry::Duplicate(actor.who));
                self.drain(outbox, End::Duplicate);
            }
        }
    }

    fn reserve(&mut self, mutant: Option<Mutant>, world: &mut World, actor: &Actor) {
        let shared = mutant == Some(Mutant::OwnerShared);
        let step = Step::Reserve {
            asset: asset(),
            manifest_id: String::new(),
            encoder: actor.encoder(),
            owner: owner(if shared { 0 } else { actor.who }),
            lease_seconds: LEASE_SECONDS,
            force: actor.force,
        };
        match world.apply(mutant, actor, step, None) {
            Outcome::Applied(row) | Outcome::AlreadyApplied(row) => {
                self.hold = Some(Hold::of(&row));
                // An order is placed after the plan, by a function of its own.
                let reserved = row.state == State::Reserved && !actor.service;
                self.call = if reserved { Call::Commit } else { Call::Plan };
            }
            Outcome::Refused(Some(row)) if row.state == State::Complete => {
                self.call = Call::PendingOfJob;
            }
            Outcome::Refused(Some(row)) if row.state.is_live() => self.call = Call::Duplicate,
            Outcome::Refused(_) => *self = self.caught(Why::Lost),
        }
    }

    fn encode(&mut self, mutant: Option<Mutant>, world: &mut World, actor: &Actor) {
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
        let objects = world.objects(actor.job, generation);
        let mut damage = 0;
        match self.call {
            Call::Plan => {
                World::put(&mut objects.plan, actor.who, true);
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
                let changed = World::put(segment, actor.build, !replace);
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
                let changed = World::put(record, (actor.who, actor.build), create_only);
                damage |= if changed { broken::RECORD_REPLACED } else { 0 };
                self.call = if record_first {
                    Call::Segment(c)
                } else {
                    next(c)
                };
            }
            _ => {}
        }
        world.broken |= damage;
    }

    fn prove(&mut self, mutant: Option<Mutant>, world: &mut World, actor: &Actor) {
        let generation = self.hold.map_or(1, |hold| hold.generation);
        let success = (Outbox::Job(actor.job), Entry::Success(generation));
        match self.call {
            Call::Validate => {
                let step = |hold: Hold| Step::Validate {
                    fence: hold.fence(),
                    lease_seconds: LEASE_SECONDS,
                };
                self.transition(mutant, world, actor, step, None, Call::Measure);
            }
            Call::Measure => {
                let chunks = &world.objects(actor.job, generation).chunks;
                let fits = |c: &crate::world::Chunk| {
                    c.record.is_some() && c.record.map(|(_, bytes)| bytes) == c.segment
                };
                // What the service has made is there once it says so.
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
                self.transition(mutant, world, actor, step, Some(success), then);
            }
            _ => {
                world.enqueue(success.0, success.1);
                self.drain(success.0, End::Published);
            }
        }
    }

    fn fail(&mut self, mutant: Option<Mutant>, world: &mut World, actor: &Actor) {
        let failure = failure(actor);
        let outbox = failure.0;
        match self.call {
            Call::FindHold => {
                let mine =
                    |held: &&crate::world::Held| held.state.is_live() && held.owner == actor.who;
                if self.hold.is_none() && mutant != Some(Mutant::FailJobBlind) {
                    self.hold = world.held(actor.job).filter(mine).map(|held| Hold {
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
                match world.apply(mutant, actor, step, Some(failure)) {
                    Outcome::Refused(_) => self.call = Call::FailureApart,
                    _ if actor.service => self.call = Call::FindOrder,
                    _ => self.drain(outbox, End::Failed),
                }
            }
            Call::FindOrder | Call::CancelOrder => self.call_off(world, actor),
            _ => {
                world.enqueue(outbox, failure.1);
                self.drain(outbox, End::Failed);
            }
        }
    }

    fn notify(&mut self, mutant: Option<Mutant>, world: &mut World) {
        let Some(outbox) = self.outbox else { return };
        let mark_first = mutant == Some(Mutant::MarkFirst);
        match self.call {
            Call::Pending => {
                self.todo = world.pending(outbox);
                self.call = if mark_first { Call::Mark } else { Call::Send };
                if self.todo.is_empty() {
                    self.call = Call::Ended(self.end);
                }
                return;
            }
            Call::Send => world.send(outbox, self.todo[0], mutant == Some(Mutant::FreshMessageId)),
            _ => world.mark(outbox, self.todo[0]),
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

    /// A step of the holder; whoever is refused has lost the job.
    pub fn transition(
        &mut self,
        mutant: Option<Mutant>,
        world: &mut World,
        actor: &Actor,
        step: impl Fn(Hold) -> Step,
        notice: Option<(Outbox, Entry)>,
        then: Call,
    ) {
        let Some(hold) = self.hold else { return };
        match world.apply(mutant, actor, step(hold), notice) {
            Outcome::Applied(_) | Outcome::AlreadyApplied(_) => self.call = then,
            Outcome::Refused(_) => *self = self.caught(Why::Lost),
        }
    }

    pub fn drain(&mut self, outbox: Outbox, end: End) {
        (self.outbox, self.end, self.call) = (Some(outbox), end, Call::Pending);
    }
}
