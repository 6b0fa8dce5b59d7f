//! The nondeterminism: which execution moves next, and which fault affects the move. One scenario is one finite model.

use crate::mutant::Mutant;
use crate::order::failure;
use crate::program::{Call, End, Function, Program, Why};
use crate::reaper::Reaper;
use crate::storage::{Actor, Entry, Outbox, Storage, broken, owner};
use reelsmith_core::submission::{State, Step};

/// Executions of the same or of different jobs, and the budget of faults.
pub struct Scenario {
    pub actors: Vec<Actor>,
    /// Functions that fail before or after their work is done.
    pub faults: u8,
    /// Executions that are stopped from outside.
    pub stops: u8,
    /// Invocations that continue after their function ended.
    pub zombies: u8,
    /// How many leases time may advance.
    pub ticks: u8,
    /// How many minutes time may advance, after each of which the service has forgotten its tokens.
    pub minutes: u8,
    /// Whether the service's search shows an order only when its token is forgotten.
    pub search_lags: bool,
    /// Runs of the reaper.
    pub reaps: u8,
    pub mutant: Option<Mutant>,
}

/// A state of the model: the storage and the executions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Moment {
    pub storage: Storage,
    pub programs: Vec<Program>,
    /// An invocation that continues after its function ended, and its execution.
    pub zombie: Option<(u8, Program)>,
    /// Whether it orders, and its function ended more than a minute ago.
    pub overdue: bool,
    pub faults: u8,
    pub stops: u8,
    pub zombies: u8,
    pub ticks: u8,
    pub minutes: u8,
    pub reaps: u8,
    /// The present run of the reaper.
    pub reaper: Option<Reaper>,
    /// Whether an execution ended without its own failure handling, so that only another delivery continues the job.
    pub interrupted: bool,
    /// Whether a reservation was applied after its execution had received another answer. No execution knows of this hold, so
    /// it lasts for its lease.
    pub late: bool,
}

/// One move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// An event is delivered, for the first time or again.
    Deliver(u8),
    /// Time advances by a lease.
    Tick,
    /// Time advances by a minute.
    Forget,
    /// The reaper finds the failed row of a job.
    Reap(u8),
    /// The reaper's next call is made.
    ReapStep,
    /// The reaper dies before its next call.
    ReaperDies,
    /// The next call is made and its answer received.
    Step(u8),
    /// The zombie's next call is made.
    ZombieStep,
    /// The function dies before the call and is retried.
    DieBefore(u8),
    /// The call takes effect but is reported as failed, or the function dies after it; the function is retried.
    LoseAnswer(u8),
    /// The call fails and no retries are left.
    Fail(u8),
    /// The call takes effect but is reported as failed, and no retries are left.
    FailAfter(u8),
    /// The function hangs before the call and is retried; the call is made later.
    Hang(u8),
    /// The execution is stopped.
    Stop(u8),
    /// The reaper or another delivery finds that the execution was stopped, and releases its hold.
    Release(u8),
    /// The execution is stopped during a call, which is made later.
    StopHanging(u8),
}

impl Scenario {
    /// The first moment of every schedule: nothing has been delivered.
    pub fn first_moment(&self) -> Moment {
        let jobs = self.actors.iter().map(|a| usize::from(a.job) + 1).max();
        Moment {
            storage: Storage {
                search_lags: self.search_lags,
                ..Storage::new(jobs.unwrap_or(1))
            },
            programs: vec![Program::waiting(); self.actors.len()],
            zombie: None,
            overdue: false,
            faults: self.faults,
            stops: self.stops,
            zombies: self.zombies,
            ticks: self.ticks,
            minutes: self.minutes,
            reaps: self.reaps,
            reaper: None,
            interrupted: false,
            late: false,
        }
    }

    /// The possible next moves.
    pub fn moves(&self, moment: &Moment) -> Vec<Move> {
        let mut moves = Vec::new();
        let zombie_may_rise = moment.zombies > 0 && moment.zombie.is_none();
        for (who, program) in (0_u8..).zip(&moment.programs) {
            moves.push(Move::Deliver(who));
            if matches!(program.call, Call::Ended(End::Stopped | End::Unrecorded)) {
                moves.push(Move::Release(who));
            }
            if !program.is_running() {
                continue;
            }
            moves.push(Move::Step(who));
            if moment.faults > 0 {
                moves.extend([Move::DieBefore(who), Move::LoseAnswer(who)]);
                moves.extend([Move::Fail(who), Move::FailAfter(who)]);
            }
            if zombie_may_rise {
                moves.push(Move::Hang(who));
            }
            if moment.stops > 0 {
                moves.push(Move::Stop(who));
            }
            if moment.stops > 0 && zombie_may_rise {
                moves.push(Move::StopHanging(who));
            }
        }
        if moment.ticks > 0 {
            moves.push(Move::Tick);
        }
        if moment.minutes > 0 {
            moves.push(Move::Forget);
        }
        if moment.zombie.is_some() {
            moves.push(Move::ZombieStep);
        }
        if moment.reaper.is_some() {
            moves.extend([Move::ReapStep, Move::ReaperDies]);
        } else if moment.reaps > 0 {
            let jobs = (0_u8..).zip(&moment.storage.jobs);
            moves.extend(jobs.map(|(job, _)| Move::Reap(job)));
        }
        moves
    }

    /// The moment after a move; `None` if the move changes nothing.
    pub fn next(&self, last: &Moment, action: Move) -> Option<Moment> {
        let mut next = last.clone();
        match action {
            Move::Deliver(who) => next.deliver(who),
            Move::Tick => {
                next.ticks -= 1;
                next.storage.now += 1;
                next.forget_tokens();
            }
            Move::Forget => {
                next.minutes -= 1;
                next.forget_tokens();
            }
            Move::Reap(job) => {
                next.reaps -= 1;
                next.reaper = Reaper::begin(self.mutant, &next.storage, job);
            }
            Move::ReapStep => {
                let reaper = next.reaper.take();
                next.reaper = reaper.and_then(|r| r.perform(self.mutant, &mut next.storage));
            }
            Move::ReaperDies => next.reaper = None,
            Move::Step(who) => self.step(&mut next, who),
            Move::ZombieStep => self.zombie_step(&mut next),
            Move::DieBefore(who) => next.fault(who, Program::retried),
            Move::LoseAnswer(who) => {
                self.perform(&mut next, who);
                next.fault(who, |_| last.programs[usize::from(who)].retried());
            }
            Move::Fail(who) => next.fault(who, |p| p.caught(Why::Fault)),
            Move::FailAfter(who) => {
                self.perform(&mut next, who);
                next.fault(who, |_| last.programs[usize::from(who)].caught(Why::Fault));
            }
            Move::Hang(who) => {
                next.raise(who);
                next.programs[usize::from(who)] = last.programs[usize::from(who)].retried();
            }
            Move::Stop(who) => next.stop(who),
            Move::Release(who) => self.release(&mut next, who),
            Move::StopHanging(who) => {
                next.raise(who);
                next.stop(who);
            }
        }
        // A fault without effect leads to the same state.
        let same = next.programs == last.programs
            && next.storage == last.storage
            && next.zombie == last.zombie
            && next.reaper == last.reaper;
        (!same).then_some(next)
    }

    fn step(&self, moment: &mut Moment, who: u8) {
        let before = moment.programs[usize::from(who)].progress();
        self.perform(moment, who);
        if moment.programs[usize::from(who)].progress() <= before {
            moment.storage.broken |= broken::NO_PROGRESS;
        }
    }

    fn perform(&self, moment: &mut Moment, who: u8) {
        let at = usize::from(who);
        let (storage, program) = (&mut moment.storage, &mut moment.programs[at]);
        program.perform(self.mutant, storage, &self.actors[at], false);
        moment.note_interruption(who);
    }

    fn release(&self, moment: &mut Moment, who: u8) {
        let actor = &self.actors[usize::from(who)];
        let Some(row) = moment.storage.row(actor.job) else {
            return;
        };
        let step = Step::Fail {
            fence: row.fence(),
            error: "E".to_owned(),
            cause: String::new(),
        };
        if row.owner == owner(who) && row.state.is_live() {
            let storage = &mut moment.storage;
            storage.apply(self.mutant, actor, step, Some(failure(actor)));
        }
    }

    /// A zombie ends with its function, and its answer is lost.
    fn zombie_step(&self, moment: &mut Moment) {
        let Some((who, mut program)) = moment.zombie.take() else {
            return;
        };
        let function = program.function();
        let actor = &self.actors[usize::from(who)];
        let assigned = moment.storage.jobs[usize::from(actor.job)].assigned.len();
        program.perform(self.mutant, &mut moment.storage, actor, moment.overdue);
        let reserved = moment.storage.jobs[usize::from(actor.job)].assigned.len() > assigned;
        let waits = matches!(
            moment.programs[usize::from(who)].call,
            Call::Reserve | Call::Commit
        );
        moment.late |= reserved && !waits;
        if program.function() == function {
            moment.zombie = Some((who, program));
        } else {
            moment.overdue = false;
        }
    }

    /// Whether one more delivery completes the job and sends every success message, if everything stops here and all leases
    /// expire.
    pub fn converges(&self, storage: &Storage) -> bool {
        (0_u8..)
            .zip(&storage.jobs)
            .all(|(job, _)| self.redelivered(storage, job))
    }

    fn redelivered(&self, storage: &Storage, job: u8) -> bool {
        let mut storage = storage.clone();
        storage.now = 100;
        storage.forget_tokens();
        let who = u8::try_from(self.actors.len()).unwrap();
        let mut why = Why::Nothing;
        // An encoder whose bytes differ from run to run can leave a generation that no execution can finish. That must end in
        // a clear failure, and a forced delivery must then complete another generation.
        for force in [false, true] {
            let actor = Actor {
                who: who + u8::from(force),
                job,
                force,
                skew: 0,
                build: 0,
                service: self.actors.iter().any(|a| a.job == job && a.service),
            };
            let program = self.alone(&mut storage, &actor);
            why = program.why;
            if why != Why::Conflict {
                break;
            }
        }
        why == Why::Nothing && is_done(&storage, job)
    }

    fn alone(&self, storage: &mut Storage, actor: &Actor) -> Program {
        let mut program = Program::started();
        for _ in 0..64 {
            if !program.is_running() {
                break;
            }
            program.perform(self.mutant, storage, actor, false);
        }
        program
    }
}

/// Whether a job is complete and all its success messages were sent.
pub fn is_done(storage: &Storage, job: u8) -> bool {
    let complete = storage
        .held(job)
        .is_some_and(|held| held.state == State::Complete);
    complete && successes_are_sent(storage, job)
}

/// Whether the success message of every complete generation was sent.
pub fn successes_are_sent(storage: &Storage, job: u8) -> bool {
    let completed = storage.jobs[usize::from(job)].completed;
    (0..8).filter(|g| completed & (1 << g) != 0).all(|g| {
        let success = |p: &&crate::storage::Posted| {
            p.outbox == Outbox::Job(job) && p.entry == Entry::Success(g)
        };
        storage
            .outbox
            .iter()
            .find(success)
            .is_some_and(|p| p.sends > 0)
    })
}

impl Moment {
    /// A minute passes or more. The search, the order and what comes between them take less than a minute, so a function that
    /// was between them has ended.
    fn forget_tokens(&mut self) {
        self.storage.forget_tokens();
        let orders = |p: &Program| p.function() == Function::StartEncode;
        self.overdue = self.zombie.as_ref().is_some_and(|(_, p)| orders(p));
        let ordering = self.programs.iter_mut().filter(|p| orders(p));
        ordering.for_each(|p| *p = p.retried());
    }

    /// The event determines the name of the execution, so a second delivery finds the existing execution.
    fn deliver(&mut self, who: u8) {
        let program = &mut self.programs[usize::from(who)];
        if program.call == Call::Delivery {
            *program = Program::started();
        }
    }

    fn fault(&mut self, who: u8, change: impl Fn(&Program) -> Program) {
        self.faults -= 1;
        let program = &mut self.programs[usize::from(who)];
        *program = change(program);
        self.note_interruption(who);
    }

    fn raise(&mut self, who: u8) {
        self.zombies -= 1;
        self.zombie = Some((who, self.programs[usize::from(who)].clone()));
    }

    fn stop(&mut self, who: u8) {
        self.stops -= 1;
        self.programs[usize::from(who)].call = Call::Ended(End::Stopped);
        self.note_interruption(who);
    }

    fn note_interruption(&mut self, who: u8) {
        let program = &self.programs[usize::from(who)];
        let cut = matches!(program.call, Call::Ended(End::Unrecorded | End::Stopped));
        // A failure that is caught after the row is complete, or while its message is being sent, leaves the message to the
        // next delivery.
        self.interrupted |= cut || (program.why == Why::Fault);
    }
}
