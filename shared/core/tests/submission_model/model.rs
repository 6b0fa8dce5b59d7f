//! The nondeterminism: who moves next, and which fault meets the move. One scenario is one finite model.

use crate::mutant::Mutant;
use crate::program::{Call, End, Function, Program, Why};
use crate::reaper::Reaper;
use crate::world::{Actor, Entry, Outbox, World, broken};
use reelsmith_core::submission::State;

/// Executions of the same or of different jobs, and how much may go wrong.
pub struct Scenario {
    pub actors: Vec<Actor>,
    /// Functions that fail, with or without having done their work.
    pub faults: u8,
    /// Executions that are stopped from outside.
    pub stops: u8,
    /// Invocations that outlive their time.
    pub zombies: u8,
    /// Leases by which time may advance.
    pub ticks: u8,
    /// Minutes that pass, after which the service has forgotten its tokens.
    pub minutes: u8,
    /// Runs of the reaper.
    pub reaps: u8,
    pub mutant: Option<Mutant>,
}

/// A world and the executions in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Moment {
    pub world: World,
    pub programs: Vec<Program>,
    /// An invocation that outlived its time, and whose it is.
    pub zombie: Option<(u8, Program)>,
    pub faults: u8,
    pub stops: u8,
    pub zombies: u8,
    pub ticks: u8,
    pub minutes: u8,
    pub reaps: u8,
    /// A run of the reaper.
    pub reaper: Option<Reaper>,
    /// An execution ended without its own failure handling: only a redelivery goes on from there.
    pub interrupted: bool,
    /// A reservation landed after its execution had got another answer: nobody knows of that hold, and it lasts a lease.
    pub late: bool,
}

/// One move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// An event is delivered, for the first time or again.
    Deliver(u8),
    /// A lease passes.
    Tick,
    /// A minute passes.
    Forget,
    /// The reaper finds the failed row of a job.
    Reap(u8),
    /// The reaper's next call is made.
    ReapStep,
    /// The reaper dies before its next call.
    ReaperDies,
    /// The next call is made and answered.
    Step(u8),
    /// The zombie's next call is made.
    ZombieStep,
    /// The function dies before the call and is retried.
    DieBefore(u8),
    /// The call is done but reported as failed, or the function dies after it; the function is retried.
    LoseAnswer(u8),
    /// The call fails and the retries are used up.
    Fail(u8),
    /// The call is done but reported as failed, and the retries are used up.
    FailAfter(u8),
    /// The function hangs before the call; it is retried, and the call wakes later.
    Hang(u8),
    /// The execution is stopped.
    Stop(u8),
    /// The execution is stopped while a call is under way, which wakes later.
    StopHanging(u8),
}

impl Scenario {
    /// Where every schedule begins: nothing has been delivered.
    pub fn beginning(&self) -> Moment {
        let jobs = self.actors.iter().map(|a| usize::from(a.job) + 1).max();
        Moment {
            world: World::new(jobs.unwrap_or(1)),
            programs: vec![Program::waiting(); self.actors.len()],
            zombie: None,
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

    /// Everything that may happen next.
    pub fn moves(&self, moment: &Moment) -> Vec<Move> {
        let mut moves = Vec::new();
        let zombie_may_rise = moment.zombies > 0 && moment.zombie.is_none();
        for (who, program) in (0_u8..).zip(&moment.programs) {
            moves.push(Move::Deliver(who));
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
            let jobs = (0_u8..).zip(&moment.world.jobs);
            moves.extend(jobs.map(|(job, _)| Move::Reap(job)));
        }
        moves
    }

    /// What a move leads to, or `None` where it changes nothing.
    pub fn next(&self, last: &Moment, action: Move) -> Option<Moment> {
        let mut next = last.clone();
        match action {
            Move::Deliver(who) => next.deliver(who),
            Move::Tick => {
                next.ticks -= 1;
                next.world.now += 1;
                next.world.forget_tokens();
                // A function between its search and its order lives for a minute, not for a lease.
                let orders = |p: &&mut Program| p.function() == Function::StartEncode;
                let ordering = next.programs.iter_mut().filter(orders);
                ordering.for_each(|p| *p = p.retried());
            }
            Move::Forget => {
                next.minutes -= 1;
                next.world.minutes += 1;
                next.world.forget_tokens();
            }
            Move::Reap(job) => {
                next.reaps -= 1;
                next.reaper = Reaper::begin(self.mutant, &next.world, job);
            }
            Move::ReapStep => {
                let reaper = next.reaper.take();
                next.reaper = reaper.and_then(|r| r.perform(self.mutant, &mut next.world));
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
            Move::StopHanging(who) => {
                next.raise(who);
                next.stop(who);
            }
        }
        // A fault that leaves everything as it was is no other state than the one it met.
        let same = next.programs == last.programs
            && next.world == last.world
            && next.zombie == last.zombie
            && next.reaper == last.reaper;
        (!same).then_some(next)
    }

    fn step(&self, moment: &mut Moment, who: u8) {
        let before = moment.programs[usize::from(who)].progress();
        self.perform(moment, who);
        if moment.programs[usize::from(who)].progress() <= before {
            moment.world.broken |= broken::NO_PROGRESS;
        }
    }

    fn perform(&self, moment: &mut Moment, who: u8) {
        let at = usize::from(who);
        let (world, program) = (&mut moment.world, &mut moment.programs[at]);
        program.perform(self.mutant, world, &self.actors[at], false);
        moment.note_interruption(who);
    }

    /// A zombie ends with its function: nobody hears its answer.
    fn zombie_step(&self, moment: &mut Moment) {
        let Some((who, mut program)) = moment.zombie.take() else {
            return;
        };
        let function = program.function();
        let actor = &self.actors[usize::from(who)];
        let given = moment.world.jobs[usize::from(actor.job)].given.len();
        program.perform(self.mutant, &mut moment.world, actor, true);
        let reserved = moment.world.jobs[usize::from(actor.job)].given.len() > given;
        let waits = matches!(
            moment.programs[usize::from(who)].call,
            Call::Reserve | Call::Commit
        );
        moment.late |= reserved && !waits;
        if program.function() == function {
            moment.zombie = Some((who, program));
        }
    }

    /// Whether, with everything that runs stopped here and all leases lapsed, one more delivery brings the job to its end
    /// and every success to its subscribers.
    pub fn converges(&self, world: &World) -> bool {
        (0_u8..)
            .zip(&world.jobs)
            .all(|(job, _)| self.redelivered(world, job))
    }

    fn redelivered(&self, world: &World, job: u8) -> bool {
        let mut world = world.clone();
        world.now = 100;
        let who = u8::try_from(self.actors.len()).unwrap();
        let mut why = Why::Nothing;
        // An encoder whose bytes differ from run to run can leave a generation that nobody can finish. That must
        // end in a clear failure, and a forced delivery must bring another generation to its end.
        for force in [false, true] {
            let actor = Actor {
                who: who + u8::from(force),
                job,
                force,
                skew: 0,
                build: 0,
                service: self.actors.iter().any(|a| a.job == job && a.service),
            };
            let program = self.alone(&mut world, &actor);
            why = program.why;
            if why != Why::Conflict {
                break;
            }
        }
        why == Why::Nothing && is_done(&world, job)
    }

    fn alone(&self, world: &mut World, actor: &Actor) -> Program {
        let mut program = Program::started();
        for _ in 0..64 {
            if !program.is_running() {
                break;
            }
            program.perform(self.mutant, world, actor, false);
        }
        program
    }
}

/// Whether a job is complete and every success of it was sent.
pub fn is_done(world: &World, job: u8) -> bool {
    let complete = world
        .held(job)
        .is_some_and(|held| held.state == State::Complete);
    complete && successes_are_sent(world, job)
}

/// Whether every generation that became complete was announced.
pub fn successes_are_sent(world: &World, job: u8) -> bool {
    let completed = world.jobs[usize::from(job)].completed;
    (0..8).filter(|g| completed & (1 << g) != 0).all(|g| {
        let success = |p: &&crate::world::Posted| {
            p.outbox == Outbox::Job(job) && p.entry == Entry::Success(g)
        };
        world
            .outbox
            .iter()
            .find(success)
            .is_some_and(|p| p.sends > 0)
    })
}

impl Moment {
    /// The name of an execution is the event's: a second delivery finds the execution that there is.
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
        // A failure that was caught after the row was complete, or while its message was being sent, leaves a message
        // to the next delivery.
        self.interrupted |= cut || (program.why == Why::Fault);
    }
}
