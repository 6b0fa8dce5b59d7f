//! What must always hold, and what must be reached for that to mean anything.

use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::submission::{Outcome, State, Step};

use crate::model::{Moment, Scenario, is_done, successes_are_sent};
use crate::order::Standing;
use crate::program::{Call, End, Program, Why};
use crate::world::{Entry, Held, LEASE_SECONDS, Objects, Outbox, World, asset, broken, owner};

pub const LIVE_LEASE: &str = "nobody reserves under another owner's live lease";
pub const FENCE_ONCE: &str = "no generation and attempt is given out twice";
pub const ONE_HOLDER: &str = "no two live executions hold the same generation and attempt";
pub const PROVEN: &str = "COMPLETE only from VALIDATING by its holder";
pub const FINAL: &str = "COMPLETE is left only by force, for a new generation";
pub const HELD: &str = "only the holder moves a row";
pub const RECORD_ONCE: &str = "the first record of a chunk stands";
pub const BYTES_STAND: &str = "accepted bytes never change";
pub const RECORD_LAST: &str = "a record names bytes that are there";
pub const RETRY_AT_ONCE: &str = "a failed job can be reserved at once";
pub const LETS_GO: &str = "an execution that ended holds nothing";
pub const GAVE_UP: &str = "an execution whose failure is recorded never holds the job again";
pub const ONE_SUCCESS: &str = "a complete generation has exactly one success entry";
pub const ONE_ID: &str = "an entry is sent under one id only";
pub const SETTLES: &str = "without interruption every job settles and is announced";
pub const CONVERGES: &str = "whatever stopped, one more delivery brings the job to its end";
pub const PAID_ONCE: &str = "a generation never has two orders that are at work or done";
pub const KEPT: &str = "objects of a generation that is held or complete are never deleted";
pub const GIVEN_UP: &str = "what was abandoned had failed, and never becomes complete";
pub const PROGRESS: &str = "every step without a fault makes progress";

/// A promise about a moment.
pub type Promise = (&'static str, fn(&Scenario, &Moment) -> bool);

/// Promises about the executions of a moment.
pub const OF_MOMENTS: &[Promise] = &[
    (LIVE_LEASE, |_, m| !m.is_broken(broken::LIVE_LEASE_TAKEN)),
    (FENCE_ONCE, |_, m| !m.is_broken(broken::FENCE_GIVEN_TWICE)),
    (PROVEN, |_, m| !m.is_broken(broken::COMPLETED_UNPROVEN)),
    (FINAL, |_, m| !m.is_broken(broken::COMPLETE_TAKEN_AGAIN)),
    (HELD, |_, m| !m.is_broken(broken::WRITTEN_UNHELD)),
    (RECORD_ONCE, |_, m| !m.is_broken(broken::RECORD_REPLACED)),
    (BYTES_STAND, |_, m| !m.is_broken(broken::BYTES_CHANGED)),
    (PROGRESS, |_, m| !m.is_broken(broken::NO_PROGRESS)),
    (PAID_ONCE, |_, m| !m.is_broken(broken::ORDERED_TWICE)),
    (KEPT, |_, m| !m.is_broken(broken::DELETED_IN_USE)),
    (GIVEN_UP, |_, m| {
        !m.is_broken(broken::ABANDONED_UNFAILED)
            && m.world.jobs.iter().all(|j| j.completed & j.abandoned == 0)
    }),
    (ONE_HOLDER, one_holder),
    (LETS_GO, ended_hold_nothing),
    (SETTLES, settles),
];

/// A promise about what lasts, whoever is running.
pub type Lasting = (&'static str, fn(&Scenario, &World) -> bool);

/// Promises about what lasts.
pub const OF_WORLDS: &[Lasting] = &[
    (RECORD_LAST, |_, w| records_name_bytes(w)),
    (RETRY_AT_ONCE, retry_at_once),
    (GAVE_UP, |_, w| {
        w.jobs
            .iter()
            .filter_map(|j| j.held.as_ref())
            .all(is_held_in_good_faith)
    }),
    (ONE_SUCCESS, |_, w| one_success(w)),
    (ONE_ID, |_, w| {
        w.outbox.iter().all(|p| p.ids.count_ones() <= 1)
    }),
    (CONVERGES, Scenario::converges),
];

impl Moment {
    fn is_broken(&self, bit: u16) -> bool {
        self.world.broken & bit != 0
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

fn records_name_bytes(world: &World) -> bool {
    let chunks = world
        .jobs
        .iter()
        .flat_map(|j| &j.objects)
        .flat_map(|o| &o.chunks);
    chunks
        .filter_map(|c| Some((c.record?, c.segment)))
        .all(|((_, bytes), segment)| segment == Some(bytes))
}

/// Asked of the table as a newcomer would, at the true time.
fn retry_at_once(scenario: &Scenario, world: &World) -> bool {
    (0_u8..).zip(&world.jobs).all(|(job, j)| {
        if j.held.as_ref().is_none_or(|h| h.state != State::Failed) {
            return true;
        }
        let newcomer = crate::world::Actor {
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
        let outcome = world.clone().apply(scenario.mutant, &newcomer, step, None);
        matches!(outcome, Outcome::Applied(row) if row.state == State::Reserved)
    })
}

fn is_held_in_good_faith(held: &Held) -> bool {
    !held.state.is_live() || !held.failed.contains(&held.owner)
}

/// Of those that ended by themselves. Who was stopped holds on until the lease lapses.
fn ended_hold_nothing(scenario: &Scenario, moment: &Moment) -> bool {
    moment.late
        || (0_u8..).zip(&moment.programs).all(|(who, program)| {
            let ended = matches!(
                program.call,
                Call::Ended(End::Published | End::Duplicate | End::Failed)
            );
            let held = moment.world.held(scenario.actors[usize::from(who)].job);
            !ended || held.is_none_or(|held| held.owner != who || !held.state.is_live())
        })
}

fn one_success(world: &World) -> bool {
    (0_u8..).zip(&world.jobs).all(|(job, j)| {
        (0..8_u8).all(|generation| {
            let entry = |p: &&crate::world::Posted| {
                p.entry == Entry::Success(generation) && p.outbox == Outbox::Job(job)
            };
            let entries = world.outbox.iter().filter(entry).count();
            entries == usize::from(j.completed & (1 << generation) != 0)
        })
    })
}

/// At the end of a schedule in which every function's failure was retried: nothing is left to do for anybody.
fn settles(scenario: &Scenario, moment: &Moment) -> bool {
    let over = moment.zombie.is_none() && moment.programs.iter().all(|p| !p.is_running());
    if !over || moment.interrupted || moment.late {
        return true;
    }
    (0_u8..).zip(&moment.programs).all(|(who, program)| {
        let job = scenario.actors[usize::from(who)].job;
        let told = |e: Entry| {
            moment
                .world
                .outbox
                .iter()
                .any(|p| p.entry == e && p.sends > 0)
        };
        match program.call {
            Call::Ended(End::Published) => successes_are_sent(&moment.world, job),
            Call::Ended(End::Failed) => told(Entry::Failure(who)) && program.why != Why::Nothing,
            Call::Ended(End::Duplicate) => told(Entry::Duplicate(who)),
            _ => true,
        }
    }) && (0_u8..)
        .zip(&moment.world.jobs)
        .all(|(job, j)| match &j.held {
            None => j.completed == 0,
            Some(held) => held.state == State::Failed || is_done(&moment.world, job),
        })
        && !has_order_at_work(&moment.world)
}

/// Of those that a row names. One whose acknowledgement was lost for good waits for the next attempt to adopt it.
fn has_order_at_work(world: &World) -> bool {
    world.jobs.iter().any(|job| {
        let named = job.held.as_ref().and_then(|held| held.reference);
        let order = named.and_then(|id| job.orders.get(usize::from(id)));
        order.is_some_and(|order| order.standing == Standing::Open)
    })
}

/// Something that a scenario must reach, or it proves less than it seems to.
pub type Sight = (&'static str, fn(&Scenario, &Moment) -> bool);

/// Every sight, each of which at least one scenario must reach.
pub const SIGHTS: &[Sight] = &[
    ("a job complete", |_, m| {
        first(m, |h| h.state == State::Complete)
    }),
    ("a job failed", |_, m| {
        first(m, |h| h.state == State::Failed)
    }),
    ("a takeover after a lease lapsed", |_, m| {
        first(m, |h| h.attempt == 2 && h.failed.is_empty())
    }),
    ("a second attempt after a failure", |_, m| {
        first(m, |h| h.attempt == 2 && !h.failed.is_empty())
    }),
    ("a third attempt", |_, m| first(m, |h| h.attempt == 3)),
    ("a second generation complete", |_, m| {
        m.world.jobs[0].completed & 0b110 == 0b110
    }),
    ("a generation after a failed one", |_, m| {
        first(m, |h| h.generation == 2) && m.world.jobs[0].completed & 0b10 == 0
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
        m.world
            .outbox
            .iter()
            .any(|p| matches!(p.entry, Entry::Success(_)) && p.sends == 2)
    }),
    (
        "a chunk with a record of an execution that lost the job",
        |_, m| {
            let by = m.world.jobs[0]
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
        m.world
            .outbox
            .iter()
            .any(|p| matches!(p.entry, Entry::Failure(_)))
            && first(m, |h| h.failed.is_empty())
    }),
    ("a hold that nobody knows of", |_, m| m.late),
    ("an order of another attempt was adopted", |_, m| {
        first(m, |h| {
            h.state == State::Complete && h.service && h.attempt > 1
        }) && m.world.jobs[0].orders.len() == 1
    }),
    (
        "an order that nobody has heard of and whose token is forgotten",
        |_, m| {
            let forgotten = |o: &crate::order::Order| !o.remembered;
            first(m, |h| h.intended && h.reference.is_none())
                && m.world.jobs[0].orders.iter().any(forgotten)
        },
    ),
    ("an order by a call that outlived its function", |_, m| {
        m.world.jobs[0].orders.iter().any(|o| o.late)
    }),
    ("an order that was called off", |_, m| {
        m.world.jobs[0].orders.iter().any(|o| !o.is_good())
    }),
    ("a generation complete after an abandoned one", |_, m| {
        m.world.jobs[0].abandoned != 0 && m.world.jobs[0].completed != 0
    }),
    ("a reaper that died before it deleted", |_, m| {
        m.reaper.is_none()
            && first(m, |h| h.attempt == 0)
            && m.world.jobs[0]
                .objects
                .first()
                .is_some_and(|o| *o != Objects::default())
    }),
    ("two jobs complete", |_, m| {
        m.world.jobs.len() > 1 && m.world.jobs.iter().all(|j| j.completed != 0)
    }),
];

fn first(moment: &Moment, is: impl Fn(&Held) -> bool) -> bool {
    moment.world.held(0).is_some_and(is)
}
