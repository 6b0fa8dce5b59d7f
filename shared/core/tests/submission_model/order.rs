//! The steps of an execution that orders its encode from a service: start-encode, check-job, and cancellation.

use reelsmith_core::encode::next_order;
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
    pub number: u8,
    pub state: OrderState,
    /// Whether the service still knows its token.
    pub remembered: bool,
    /// Whether it was placed more than a minute after the function of the call ended.
    pub overdue: bool,
}

impl Order {
    pub fn is_good(&self) -> bool {
        self.state != OrderState::Cancelled
    }
}

impl Storage {
    /// The service's `CreateJob`: an equal token within a minute returns the existing order.
    fn place(&mut self, job: u8, hold: Hold, order: u8, overdue: bool) -> u8 {
        let orders = &mut self.jobs[usize::from(job)].orders;
        let same = |o: &Order| o.remembered && (o.generation, o.number) == (hold.generation, order);
        if let Some(known) = orders.iter().position(same) {
            return number(known);
        }
        // A call that takes effect more than a minute after its function ended may find its token forgotten. This is the
        // limitation that docs/exactly-once.md states.
        let twice = |o: &Order| o.generation == hold.generation && o.is_good() && !o.overdue;
        if !overdue && orders.iter().any(twice) {
            self.broken |= broken::ORDERED_TWICE;
        }
        orders.push(Order {
            generation: hold.generation,
            number: order,
            state: OrderState::Open,
            remembered: true,
            overdue,
        });
        number(orders.len() - 1)
    }

    /// The newest good order of a generation, or the number of its next one. Every other running order, of this or of an
    /// earlier generation, is cancelled, because no execution will collect it.
    fn adopt(&mut self, job: u8, generation: u8) -> Result<u8, u8> {
        let lags = self.search_lags;
        let orders = &mut self.jobs[usize::from(job)].orders;
        let shown = |o: &Order| o.generation <= generation && !(lags && o.remembered);
        let ours = |o: &Order| o.generation == generation && shown(o);
        let adopted = orders.iter().rposition(|o| ours(o) && o.is_good());
        for (at, order) in orders.iter_mut().enumerate() {
            if shown(order) && Some(at) != adopted && order.state == OrderState::Open {
                order.state = OrderState::Cancelled;
            }
        }
        let numbers = orders.iter().filter(|o| ours(o)).map(|o| o.number.into());
        adopted.map(number).ok_or(small(next_order(numbers)))
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
        overdue: bool,
    ) {
        let Some(hold) = self.hold else { return };
        match self.call {
            Call::Intend => self.intend(mutant, storage, actor, hold),
            Call::Find => match storage.adopt(actor.job, hold.generation) {
                Ok(order) => {
                    self.order = Some(order);
                    self.call = Call::CommitOrder;
                }
                Err(next) => self.call = Call::Order(next),
            },
            Call::Order(next) => {
                let of_attempt = mutant == Some(Mutant::TokenOfAttempt);
                let token = if of_attempt { hold.attempt } else { next };
                let id = storage.place(actor.job, hold, token, overdue);
                if storage.order(actor.job, id).is_good() || of_attempt {
                    self.order = Some(id);
                    self.call = Call::CommitOrder;
                } else {
                    // The search did not show this order yet.
                    self.call = Call::Order(next + 1);
                }
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
            Call::Order(small(next_order([])))
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

fn small(number: u32) -> u8 {
    u8::try_from(number).unwrap()
}
