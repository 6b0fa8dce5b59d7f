//! The steps of an execution that orders its encode from a service: start-encode, check-job, and cancellation.

use reelsmith_core::submission::{Step, TransitionOutcome};

use crate::mutant::Mutant;
use crate::program::{Call, Program, Why};
use crate::storage::{Actor, Entry, Hold, LEASE_SECONDS, Outbox, Storage, broken, owner};

/// The state of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderState {
    Open,
    Done,
    Cancelled,
}

/// An order that the service has accepted. Its id is its index.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Order {
    pub generation: u8,
    pub attempt: u8,
    pub state: OrderState,
    /// Whether the service still knows its token.
    pub remembered: bool,
    /// Whether it was placed by a call that continued after its function ended.
    pub late: bool,
}

impl Order {
    pub fn is_good(&self) -> bool {
        self.state != OrderState::Cancelled
    }
}

impl Storage {
    /// The service's `CreateJob`: an equal token within a minute returns the existing order.
    fn place(&mut self, job: u8, hold: Hold, late: bool) -> u8 {
        let forgets = self.minutes > 0 || self.now > 0;
        let orders = &mut self.jobs[usize::from(job)].orders;
        let same = |o: &Order| {
            o.remembered && (o.generation, o.attempt) == (hold.generation, hold.attempt)
        };
        if let Some(known) = orders.iter().position(same) {
            return number(known);
        }
        // A call that continues for more than a minute after its function ended may take effect after a search. This is the
        // limitation that docs/exactly-once.md states.
        let twice = |o: &&Order| o.generation == hold.generation && o.is_good();
        let excused = |o: &&Order| forgets && (late || o.late);
        if orders.iter().filter(twice).any(|o| !excused(&o)) {
            self.broken |= broken::ORDERED_TWICE;
        }
        orders.push(Order {
            generation: hold.generation,
            attempt: hold.attempt,
            state: OrderState::Open,
            remembered: true,
            late,
        });
        number(orders.len() - 1)
    }

    /// The newest good order of a generation. Every other running order, of this or of an earlier generation, is cancelled,
    /// because no execution will collect it.
    fn adopt(&mut self, job: u8, generation: u8) -> Option<u8> {
        let orders = &mut self.jobs[usize::from(job)].orders;
        let newest = |o: &Order| o.generation == generation && o.is_good();
        let adopted = orders.iter().rposition(newest);
        for (at, order) in orders.iter_mut().enumerate() {
            let spare = order.generation <= generation && Some(at) != adopted;
            if spare && order.state == OrderState::Open {
                order.state = OrderState::Cancelled;
            }
        }
        adopted.map(number)
    }

    /// The order that the row names, if this hold is valid.
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
        storage: &mut Storage,
        actor: &Actor,
        late: bool,
    ) {
        let Some(hold) = self.hold else { return };
        match self.call {
            Call::Intend => self.intend(mutant, storage, actor, hold),
            Call::Find => {
                self.order = storage.adopt(actor.job, hold.generation);
                self.call = match self.order {
                    Some(_) => Call::CommitOrder,
                    None => Call::Order,
                };
            }
            Call::Order => {
                self.order = Some(storage.place(actor.job, hold, late));
                self.call = Call::CommitOrder;
            }
            Call::CommitOrder => {
                let id = self.order.unwrap_or_default();
                let step = |hold: Hold| Step::Commit {
                    fence: hold.fence(),
                    encoder_ref: owner(id),
                    lease_seconds: LEASE_SECONDS,
                };
                self.transition(mutant, storage, actor, step, None, Call::Collect);
            }
            _ => self.collect(storage, actor, hold),
        }
    }

    fn intend(&mut self, mutant: Option<Mutant>, storage: &mut Storage, actor: &Actor, hold: Hold) {
        let step = Step::Intend {
            fence: hold.fence(),
            lease_seconds: LEASE_SECONDS,
        };
        let (row, first) = match storage.apply(mutant, actor, step, None) {
            TransitionOutcome::Applied(row) => (row, true),
            TransitionOutcome::AlreadyApplied(row) => (row, false),
            TransitionOutcome::Refused(_) => return *self = self.caught(Why::Lost),
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

    /// The service is done whenever check-job asks: the protocol does not depend on how long it takes.
    fn collect(&mut self, storage: &mut Storage, actor: &Actor, hold: Hold) {
        let Some(id) = storage.ordered(actor.job, hold) else {
            return *self = self.caught(Why::Lost);
        };
        let order = storage.order(actor.job, id);
        if !order.is_good() {
            return *self = self.caught(Why::Cancelled);
        }
        order.state = OrderState::Done;
        self.call = Call::Validate;
    }

    /// fail-job, after it has released the row.
    pub fn cancel_order(&mut self, storage: &mut Storage, actor: &Actor) {
        let Some(hold) = self.hold else { return };
        if self.call == Call::FindOrder {
            self.order = storage.ordered(actor.job, hold);
            if self.order.is_some() {
                self.call = Call::CancelOrder;
                return;
            }
        } else if let Some(id) = self.order {
            let order = storage.order(actor.job, id);
            if order.state == OrderState::Open {
                order.state = OrderState::Cancelled;
            }
        }
        self.end_failed(actor);
    }

    fn end_failed(&mut self, actor: &Actor) {
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
