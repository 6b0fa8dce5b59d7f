//! What an execution does whose encode is ordered from a service: start-encode, check-job, and calling off.

use reelsmith_core::submission::{Outcome, Step};

use crate::mutant::Mutant;
use crate::program::{Call, Program, Why};
use crate::world::{Actor, Entry, Hold, LEASE_SECONDS, Outbox, World, broken, owner};

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    Open,
    Done,
    CalledOff,
}

/// An order that the service has accepted; its id is its place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Order {
    pub generation: u8,
    pub attempt: u8,
    pub standing: Standing,
    /// Whether the service still knows its token.
    pub remembered: bool,
    /// Whether a call placed it that outlived its function.
    pub late: bool,
}

impl Order {
    pub fn is_good(&self) -> bool {
        self.standing != Standing::CalledOff
    }
}

impl World {
    /// The service's `CreateJob`: an equal token within its minute gives the order that is there.
    fn place(&mut self, job: u8, hold: Hold, late: bool) -> u8 {
        let forgets = self.minutes > 0 || self.now > 0;
        let orders = &mut self.jobs[usize::from(job)].orders;
        let same = |o: &Order| {
            o.remembered && (o.generation, o.attempt) == (hold.generation, hold.attempt)
        };
        if let Some(known) = orders.iter().position(same) {
            return number(known);
        }
        // A call that outlived its function by more than the token's minute may land after a search: the limit that
        // docs/exactly-once.md names.
        let twice = |o: &&Order| o.generation == hold.generation && o.is_good();
        let excused = |o: &&Order| forgets && (late || o.late);
        if orders.iter().filter(twice).any(|o| !excused(&o)) {
            self.broken |= broken::ORDERED_TWICE;
        }
        orders.push(Order {
            generation: hold.generation,
            attempt: hold.attempt,
            standing: Standing::Open,
            remembered: true,
            late,
        });
        number(orders.len() - 1)
    }

    /// The newest good order of a generation. Every other that is at work, of this generation or of one before, is called
    /// off: nobody will collect it.
    fn adopt(&mut self, job: u8, generation: u8) -> Option<u8> {
        let orders = &mut self.jobs[usize::from(job)].orders;
        let newest = |o: &Order| o.generation == generation && o.is_good();
        let adopted = orders.iter().rposition(newest);
        for (at, order) in orders.iter_mut().enumerate() {
            let spare = order.generation <= generation && Some(at) != adopted;
            if spare && order.standing == Standing::Open {
                order.standing = Standing::CalledOff;
            }
        }
        adopted.map(number)
    }

    /// The order that the row names, where it is held with this proof.
    fn ordered(&self, job: u8, hold: Hold) -> Option<u8> {
        let held = self.held(job)?;
        let fence = (held.generation, held.attempt, held.owner);
        let holds = fence == (hold.generation, hold.attempt, hold.owner);
        holds.then_some(held.reference).flatten()
    }

    fn order(&mut self, job: u8, id: u8) -> &mut Order {
        &mut self.jobs[usize::from(job)].orders[usize::from(id)]
    }

    /// The service forgets all tokens.
    pub fn forget_tokens(&mut self) {
        let orders = self.jobs.iter_mut().flat_map(|j| &mut j.orders);
        orders.for_each(|o| o.remembered = false);
    }
}

impl Program {
    /// start-encode and check-job.
    pub fn ordering(
        &mut self,
        mutant: Option<Mutant>,
        world: &mut World,
        actor: &Actor,
        late: bool,
    ) {
        let Some(hold) = self.hold else { return };
        match self.call {
            Call::Intend => self.intend(mutant, world, actor, hold),
            Call::Find => {
                self.order = world.adopt(actor.job, hold.generation);
                self.call = match self.order {
                    Some(_) => Call::CommitOrder,
                    None => Call::Order,
                };
            }
            Call::Order => {
                self.order = Some(world.place(actor.job, hold, late));
                self.call = Call::CommitOrder;
            }
            Call::CommitOrder => {
                let id = self.order.unwrap_or_default();
                let step = |hold: Hold| Step::Commit {
                    fence: hold.fence(),
                    encoder_ref: owner(id),
                    lease_seconds: LEASE_SECONDS,
                };
                self.transition(mutant, world, actor, step, None, Call::Collect);
            }
            _ => self.collect(world, actor, hold),
        }
    }

    fn intend(&mut self, mutant: Option<Mutant>, world: &mut World, actor: &Actor, hold: Hold) {
        let step = Step::Intend {
            fence: hold.fence(),
            lease_seconds: LEASE_SECONDS,
        };
        let (row, first) = match world.apply(mutant, actor, step, None) {
            Outcome::Applied(row) => (row, true),
            Outcome::AlreadyApplied(row) => (row, false),
            Outcome::Refused(_) => return *self = self.caught(Why::Lost),
        };
        let nothing_before = (row.generation.0, row.attempt) == (1, 1);
        self.call = if row.encoder_ref.is_some() {
            Call::Collect
        } else if first && (nothing_before || mutant == Some(Mutant::TakeoverBlind)) {
            Call::Order
        } else {
            Call::Find
        };
    }

    /// The service is done whenever it is asked: how long it takes is the state machine's patience, not the protocol's.
    fn collect(&mut self, world: &mut World, actor: &Actor, hold: Hold) {
        let Some(id) = world.ordered(actor.job, hold) else {
            return *self = self.caught(Why::Lost);
        };
        let order = world.order(actor.job, id);
        if !order.is_good() {
            return *self = self.caught(Why::CalledOff);
        }
        order.standing = Standing::Done;
        self.call = Call::Validate;
    }

    /// fail-job, once the row is released.
    pub fn call_off(&mut self, world: &mut World, actor: &Actor) {
        let Some(hold) = self.hold else { return };
        if self.call == Call::FindOrder {
            self.order = world.ordered(actor.job, hold);
            if self.order.is_some() {
                self.call = Call::CancelOrder;
                return;
            }
        } else if let Some(id) = self.order {
            let order = world.order(actor.job, id);
            if order.standing == Standing::Open {
                order.standing = Standing::CalledOff;
            }
        }
        self.fail_told(actor);
    }

    fn fail_told(&mut self, actor: &Actor) {
        self.drain(Outbox::Execution(actor.who), crate::program::End::Failed);
    }
}

/// The failure message of an execution.
pub fn failure(actor: &Actor) -> (Outbox, Entry) {
    (Outbox::Execution(actor.who), Entry::Failure(actor.who))
}

fn number(at: usize) -> u8 {
    u8::try_from(at).unwrap()
}
