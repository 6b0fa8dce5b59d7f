//! The invariants, and the milestones that the scenarios must reach so that the invariants are tested at all.

use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::submission::{State, Step, TransitionOutcome};

use crate::model::{Moment, Scenario, is_done, successes_are_sent};
use crate::order::OrderState;
use crate::program::{Call, End, Program, Why};
use crate::storage::{Entry, Held, LEASE_SECONDS, Objects, Outbox, Storage, asset, broken, owner};

pub const LIVE_LEASE: &str = "no execution reserves under the live lease of another owner";
pub const FENCE_ONCE: &str = "no generation and attempt is assigned twice";
pub const ONE_HOLDER: &str = "no two live executions hold the same generation and attempt";
pub const PROVEN: &str = "COMPLETE is reached only from VALIDATING, by the holder";
pub const FINAL: &str = "COMPLETE is left only by force, to a new generation";
pub const HELD: &str = "only the holder changes a row";
pub const RECORD_ONCE: &str = "the first record of a chunk is kept";
pub const BYTES_KEPT: &str = "accepted bytes never change";
pub const RECORD_LAST: &str = "a record names bytes that exist";
pub const RETRY_AT_ONCE: &str = "a failed job can be reserved at once";
pub const RELEASED: &str = "an execution that ended holds no job";
pub const FAILED_ONCE: &str = "an execution whose failure is recorded never holds the job again";
pub const ONE_SUCCESS: &str = "a complete generation has exactly one success entry";
pub const ONE_ID: &str = "an entry is always sent with the same id";
pub const SETTLES: &str = "without interruption every job ends and its message is sent";
pub const CONVERGES: &str = "after any stop, one more delivery completes the job";
pub const PAID_ONCE: &str = "a generation never has two orders that are running or done";
pub const KEPT: &str = "objects of a held or complete generation are never deleted";
pub const ABANDONED: &str = "an abandoned generation had failed, and never becomes complete";
pub const PROGRESS: &str = "every step without a fault makes progress";

/// An invariant of a moment.
pub type MomentInvariant = (&'static str, fn(&Scenario, &Moment) -> bool);

/// The invariants of a moment.
pub const MOMENT_INVARIANTS: &[MomentInvariant] = &[
    (LIVE_LEASE, |_, m| !m.is_broken(broken::LIVE_LEASE_TAKEN)),
    (FENCE_ONCE, |_, m| {
        !m.is_broken(broken::FENCE_ASSIGNED_TWICE)
    }),
    (PROVEN, |_, m| !m.is_broken(broken::COMPLETED_UNPROVEN)),
    (FINAL, |_, m| !m.is_broken(broken::COMPLETE_TAKEN_AGAIN)),
    (HELD, |_, m| !m.is_broken(broken::WRITTEN_UNHELD)),
    (RECORD_ONCE, |_, m| !m.is_broken(broken::RECORD_REPLACED)),
    (BYTES_KEPT, |_, m| !m.is_broken(broken::BYTES_CHANGED)),
    (PROGRESS, |_, m| !m.is_broken(broken::NO_PROGRESS)),
    (PAID_ONCE, |_, m| !m.is_broken(broken::ORDERED_TWICE)),
    (KEPT, |_, m| !m.is_broken(broken::DELETED_IN_USE)),
    (ABANDONED, |_, m| {
        !m.is_broken(broken::ABANDONED_UNFAILED)
            && m.storage
                .jobs
                .iter()
                .all(|j| j.completed & j.abandoned == 0)
    }),
    (ONE_HOLDER, one_holder),
    (RELEASED, ended_hold_nothing),
    (SETTLES, settles),
];

/// An invariant of the storage, independent of the running executions.
pub type StorageInvariant = (&'static str, fn(&Scenario, &Storage) -> bool);

/// The invariants of the storage.
pub const STORAGE_INVARIANTS: &[StorageInvariant] = &[
    (RECORD_LAST, |_, w| records_name_bytes(w)),
    (RETRY_AT_ONCE, retry_at_once),
    (FAILED_ONCE, |_, w| {
        w.jobs
            .iter()
            .filter_map(|j| j.held.as_ref())
            .all(owner_has_not_failed)
    }),
    (ONE_SUCCESS, |_, w| one_success(w)),
    (ONE_ID, |_, w| {
        w.outbox.iter().all(|p| p.ids.count_ones() <= 1)
    }),
    (CONVERGES, Scenario::converges),
];

impl Moment {
    fn is_broken(&self, bit: u16) -> bool {
        self.storage.broken & bit != 0
    }
}

fn one_holder(scenario: &Scenario, moment: &Moment) -> bool {
    let believers: Vec<_> = (0..)
        .zip(&moment.programs)
        .filter(|(_, program)| program.believes())
        .map(|(who, program): (usize, &Program)| {
            let hold = program.hold.map(|h| (h.generation, h.attempt));
            (scenario.actors[who].job, hold)
        })
        .collect();
    let unique: std::collections::HashSet<_> = believers.iter().collect();
    unique.len() == believers.len()
}

fn records_name_bytes(storage: &Storage) -> bool {
    let chunks = storage
        .jobs
        .iter()
        .flat_map(|j| &j.objects)
        .flat_map(|o| &o.chunks);
    chunks
        .filter_map(|c| Some((c.record?, c.segment)))
        .all(|((_, bytes), segment)| segment == Some(bytes))
}

/// Asks the table as a new execution would, at the true time.
fn retry_at_once(scenario: &Scenario, storage: &Storage) -> bool {
    (0_u8..).zip(&storage.jobs).all(|(job, j)| {
        if j.held.as_ref().is_none_or(|h| h.state != State::Failed) {
            return true;
        }
        let newcomer = crate::storage::Actor {
            who: 99,
            job,
            force: false,
            skew: 0,
            build: 0,
            service: false,
        };
        let step = Step::Reserve {
            asset: asset(),
            manifest_id: String::new(),
            encoder: EncoderKind::Lambda,
            owner: owner(newcomer.who),
            lease_seconds: LEASE_SECONDS,
            force: false,
        };
        let outcome = storage
            .clone()
            .apply(scenario.mutant, &newcomer, step, None);
        matches!(outcome, TransitionOutcome::Applied(row) if row.state == State::Reserved)
    })
}

fn owner_has_not_failed(held: &Held) -> bool {
    !held.state.is_live() || !held.failed.contains(&held.owner)
}

/// Checks executions that ended by themselves. A stopped execution holds the job until its lease expires.
fn ended_hold_nothing(scenario: &Scenario, moment: &Moment) -> bool {
    moment.late
        || (0_u8..).zip(&moment.programs).all(|(who, program)| {
            let ended = matches!(
                program.call,
                Call::Ended(End::Published | End::Duplicate | End::Failed)
            );
            let held = moment.storage.held(scenario.actors[usize::from(who)].job);
            !ended || held.is_none_or(|held| held.owner != who || !held.state.is_live())
        })
}

fn one_success(storage: &Storage) -> bool {
    (0_u8..).zip(&storage.jobs).all(|(job, j)| {
        (0..8_u8).all(|generation| {
            let entry = |p: &&crate::storage::Posted| {
                p.entry == Entry::Success(generation) && p.outbox == Outbox::Job(job)
            };
            let entries = storage.outbox.iter().filter(entry).count();
            entries == usize::from(j.completed & (1 << generation) != 0)
        })
    })
}

/// Checks the end of a schedule in which every failure was retried: no work is left.
fn settles(scenario: &Scenario, moment: &Moment) -> bool {
    let over = moment.zombie.is_none() && moment.programs.iter().all(|p| !p.is_running());
    if !over || moment.interrupted || moment.late {
        return true;
    }
    (0_u8..).zip(&moment.programs).all(|(who, program)| {
        let job = scenario.actors[usize::from(who)].job;
        let sent = |e: Entry| {
            moment
                .storage
                .outbox
                .iter()
                .any(|p| p.entry == e && p.sends > 0)
        };
        match program.call {
            Call::Ended(End::Published) => successes_are_sent(&moment.storage, job),
            Call::Ended(End::Failed) => sent(Entry::Failure(who)) && program.why != Why::Nothing,
            Call::Ended(End::Duplicate) => sent(Entry::Duplicate(who)),
            _ => true,
        }
    }) && (0_u8..)
        .zip(&moment.storage.jobs)
        .all(|(job, j)| match &j.held {
            None => j.completed == 0,
            Some(held) => held.state == State::Failed || is_done(&moment.storage, job),
        })
        && !has_running_order(&moment.storage)
}

/// Checks the orders that a row names. An order whose answer was lost waits until the next attempt adopts it.
fn has_running_order(storage: &Storage) -> bool {
    storage.jobs.iter().any(|job| {
        let named = job.held.as_ref().and_then(|held| held.reference);
        let order = named.and_then(|id| job.orders.get(usize::from(id)));
        order.is_some_and(|order| order.state == OrderState::Open)
    })
}

/// A situation that at least one scenario must reach, because the invariants are not tested without it.
pub type Milestone = (&'static str, fn(&Scenario, &Moment) -> bool);

/// The milestones.
pub const MILESTONES: &[Milestone] = &[
    ("a job complete", |_, m| {
        first(m, |h| h.state == State::Complete)
    }),
    ("a job failed", |_, m| {
        first(m, |h| h.state == State::Failed)
    }),
    ("a takeover after a lease expired", |_, m| {
        first(m, |h| h.attempt == 2 && h.failed.is_empty())
    }),
    ("a second attempt after a failure", |_, m| {
        first(m, |h| h.attempt == 2 && !h.failed.is_empty())
    }),
    ("a third attempt", |_, m| first(m, |h| h.attempt == 3)),
    ("a second generation complete", |_, m| {
        m.storage.jobs[0].completed & 0b110 == 0b110
    }),
    ("a generation after a failed one", |_, m| {
        first(m, |h| h.generation == 2) && m.storage.jobs[0].completed & 0b10 == 0
    }),
    ("a zombie that lost the job", |_, m| {
        m.zombie.as_ref().is_some_and(|(_, z)| {
            z.believes() && first(m, |h| Some(h.owner) != z.hold.map(|z| z.owner))
        })
    }),
    ("a live execution that lost the job", |_, m| {
        m.programs.iter().any(|p| p.why == Why::Lost)
    }),
    ("a duplicate of a running job", |_, m| {
        m.programs
            .iter()
            .any(|p| p.call == Call::Ended(End::Duplicate))
            && first(m, |h| h.state.is_live())
    }),
    ("a duplicate that sends a success left behind", |_, m| {
        m.programs.iter().any(|p| {
            p.end == End::Duplicate
                && p.outbox == Some(Outbox::Job(0))
                && p.call == Call::Ended(End::Duplicate)
        })
    }),
    ("a success sent twice under one id", |_, m| {
        m.storage
            .outbox
            .iter()
            .any(|p| matches!(p.entry, Entry::Success(_)) && p.sends == 2)
    }),
    (
        "a chunk with a record of an execution that lost the job",
        |_, m| {
            let by = m.storage.jobs[0]
                .objects
                .first()
                .and_then(|o| o.chunks[1].record)
                .map(|(who, _)| who);
            by.is_some() && first(m, |h| h.state == State::Complete && Some(h.owner) != by)
        },
    ),
    ("a conflict of bytes", |_, m| {
        m.programs.iter().any(|p| p.why == Why::Conflict)
    }),
    ("a failure message without a row of its own", |_, m| {
        m.storage
            .outbox
            .iter()
            .any(|p| matches!(p.entry, Entry::Failure(_)))
            && first(m, |h| h.failed.is_empty())
    }),
    ("a hold that no execution knows of", |_, m| m.late),
    ("an order of another attempt was adopted", |_, m| {
        first(m, |h| {
            h.state == State::Complete && h.service && h.attempt > 1
        }) && m.storage.jobs[0].orders.len() == 1
    }),
    (
        "an order that no row names and whose token is forgotten",
        |_, m| {
            let forgotten = |o: &crate::order::Order| !o.remembered;
            first(m, |h| h.intended && h.reference.is_none())
                && m.storage.jobs[0].orders.iter().any(forgotten)
        },
    ),
    (
        "an order more than a minute after its function ended",
        |_, m| m.storage.jobs[0].orders.iter().any(|o| o.overdue),
    ),
    ("an order that was called off", |_, m| {
        m.storage.jobs[0].orders.iter().any(|o| !o.is_good())
    }),
    ("a generation complete after an abandoned one", |_, m| {
        m.storage.jobs[0].abandoned != 0 && m.storage.jobs[0].completed != 0
    }),
    ("a reaper that died before it deleted", |_, m| {
        m.reaper.is_none()
            && first(m, |h| h.attempt == 0)
            && m.storage.jobs[0]
                .objects
                .first()
                .is_some_and(|o| *o != Objects::default())
    }),
    ("two jobs complete", |_, m| {
        m.storage.jobs.len() > 1 && m.storage.jobs.iter().all(|j| j.completed != 0)
    }),
];

fn first(moment: &Moment, is: impl Fn(&Held) -> bool) -> bool {
    moment.storage.held(0).is_some_and(is)
}
