//! A model checker for the submission protocol.
//!
//! It explores every schedule of a few executions, with crashes between any two port calls, lost answers, stopped
//! executions, stale invocations that continue after their function ended (zombies), expired leases and clocks that differ.
//! The search is exhaustive within each scenario's budget of faults, and it uses the real transition table.
//!
//! A checker that finds nothing could also be blind. So each mutant is the protocol with one mistake, and the checker must
//! find the invariant that the mistake violates.

#![allow(
    clippy::print_stdout,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the number of explored states is a result, and a model that cannot continue must end the test"
)]

mod explore;
mod model;
mod mutant;
mod order;
mod program;
mod progress;
mod property;
mod reaper;
mod storage;

use std::collections::BTreeSet;
use std::time::Instant;

use explore::{Found, explore};
use model::{Move, Scenario};
use mutant::Mutant;
use property as p;
use storage::Actor;

/// An execution of the first job with a correct clock.
fn plain(who: u8) -> Actor {
    Actor {
        who,
        job: 0,
        force: false,
        skew: 0,
        build: 0,
        service: false,
    }
}

/// An execution that orders its encode from a service.
fn ordering(who: u8) -> Actor {
    Actor {
        service: true,
        ..plain(who)
    }
}

fn forced(who: u8) -> Actor {
    Actor {
        force: true,
        ..plain(who)
    }
}

/// An execution whose clocks are ahead by as many leases as its number.
fn fast(who: u8) -> Actor {
    Actor {
        skew: i16::from(who),
        ..plain(who)
    }
}

/// An execution whose encoder makes different bytes from the same input.
fn other_bytes(who: u8) -> Actor {
    Actor {
        build: who,
        ..plain(who)
    }
}

/// An execution of the second job: a different profile is a different job key.
fn other_profile(who: u8) -> Actor {
    Actor {
        job: 1,
        ..plain(who)
    }
}

/// A scenario with a budget of faults, stops, zombies, and leases that time may advance.
fn scenario(actors: Vec<Actor>, [faults, stops, zombies, ticks]: [u8; 4]) -> Scenario {
    Scenario {
        actors,
        faults,
        stops,
        zombies,
        ticks,
        minutes: 0,
        search_lags: false,
        reaps: 0,
        mutant: None,
    }
}

impl Scenario {
    /// Time may advance by minutes, after each of which the service has forgotten its tokens.
    fn with_minutes(self, minutes: u8) -> Self {
        Self { minutes, ..self }
    }

    /// The search shows an order only when its token is forgotten.
    fn with_lagging_search(self) -> Self {
        Self {
            search_lags: true,
            ..self
        }
    }

    /// The reaper may run.
    fn with_reaps(self, reaps: u8) -> Self {
        Self { reaps, ..self }
    }
}

/// The scenarios of every test run: any two kinds of faults together, with an expired lease.
fn scenarios() -> Vec<(&'static str, Scenario)> {
    let two = |budget| scenario(vec![plain(0), plain(1)], budget);
    let three = |budget| scenario(vec![plain(0), plain(1), plain(2)], budget);
    let differing = || vec![other_bytes(0), other_bytes(1)];
    let orders = |budget| scenario(vec![ordering(0), ordering(1)], budget);
    vec![
        (
            "two orders, a fault, a minute passes",
            orders([1, 0, 0, 0]).with_minutes(1),
        ),
        ("two orders, a stop, a lease expires", orders([0, 1, 0, 1])),
        ("two orders, a fault, a lease expires", orders([1, 0, 0, 1])),
        (
            "two orders, a zombie, a minute passes",
            orders([0, 0, 1, 0]).with_minutes(1),
        ),
        (
            "two orders, a lagging search, a fault, a lease expires",
            orders([1, 0, 0, 1]).with_lagging_search(),
        ),
        (
            "two orders, a lagging search, two faults",
            orders([2, 0, 0, 0]).with_lagging_search(),
        ),
        (
            "a forced order, a fault",
            scenario(
                vec![
                    ordering(0),
                    Actor {
                        force: true,
                        ..ordering(1)
                    },
                ],
                [1, 0, 0, 0],
            )
            .with_minutes(1),
        ),
        (
            "two orders, a fault, the reaper twice",
            orders([1, 0, 0, 0]).with_reaps(2),
        ),
        (
            "two executions, a fault, the reaper twice",
            two([1, 0, 0, 0]).with_reaps(2),
        ),
        (
            "a forced execution, a fault, the reaper",
            scenario(vec![plain(0), forced(1)], [1, 0, 0, 0]).with_reaps(1),
        ),
        ("two executions, two faults", two([2, 0, 0, 0])),
        ("two executions, a fault, a stop", two([1, 1, 0, 0])),
        ("two executions, a fault, a zombie", two([1, 0, 1, 0])),
        ("two executions, a stop, a zombie", two([0, 1, 1, 0])),
        ("three executions, a stop", three([0, 1, 0, 0])),
        (
            "clocks that differ by leases",
            scenario(vec![plain(0), fast(1), fast(2)], [0; 4]),
        ),
        (
            "a clock that is a lease ahead, a fault",
            scenario(vec![plain(0), fast(1)], [1, 0, 0, 1]),
        ),
        (
            "a clock that is a lease ahead, a zombie",
            scenario(vec![plain(0), fast(1)], [0, 0, 1, 0]),
        ),
        (
            "a forced execution, a fault, a stop",
            scenario(vec![plain(0), forced(1)], [1, 1, 0, 0]),
        ),
        (
            "two forced executions, a zombie",
            scenario(vec![forced(0), forced(1)], [0, 0, 1, 0]),
        ),
        (
            "an encoder whose bytes differ from run to run",
            scenario(differing(), [1, 0, 0, 1]),
        ),
        (
            "two profiles, a fault, a stop",
            scenario(vec![plain(0), other_profile(1)], [1, 1, 0, 0]),
        ),
    ]
}

/// All kinds of faults together.
fn long_scenarios() -> Vec<(&'static str, Scenario)> {
    let three = || vec![plain(0), plain(1), plain(2)];
    vec![
        (
            "two executions, a zombie, a lease expires",
            scenario(vec![plain(0), plain(1)], [0, 0, 1, 1]),
        ),
        (
            "three executions, a lease expires",
            scenario(three(), [0, 0, 0, 1]),
        ),
        (
            "two executions, two faults",
            scenario(vec![plain(0), plain(1)], [2, 0, 0, 1]),
        ),
        (
            "two executions, everything",
            scenario(vec![plain(0), plain(1)], [1, 1, 1, 1]),
        ),
        ("three executions, a fault", scenario(three(), [1, 0, 0, 1])),
        (
            "two orders, everything",
            scenario(vec![ordering(0), ordering(1)], [1, 1, 1, 1]).with_minutes(1),
        ),
        (
            "three executions, a fault, the reaper twice",
            scenario(three(), [1, 0, 0, 0]).with_reaps(2),
        ),
        (
            "two forced executions, everything",
            scenario(vec![forced(0), forced(1)], [1, 1, 1, 1]),
        ),
    ]
}

#[test]
fn every_schedule_keeps_every_invariant() {
    let (states, unseen) = explore_all(scenarios());
    assert!(unseen.is_empty(), "no scenario reaches {unseen:?}");
    assert!(states >= 100_000, "only {states} states were explored");
}

#[test]
#[ignore = "takes minutes; run it with --release after a change of the protocol"]
fn every_schedule_with_all_faults_keeps_every_invariant() {
    explore_all(long_scenarios());
}

/// The number of states, and the milestones that no scenario reached.
fn explore_all(scenarios: Vec<(&'static str, Scenario)>) -> (usize, BTreeSet<&'static str>) {
    let mut unseen: BTreeSet<&str> = p::MILESTONES.iter().map(|(name, _)| *name).collect();
    let (mut states, begun) = (0, Instant::now());
    for (name, scenario) in scenarios {
        let started = Instant::now();
        let found = explore(&scenario, &[]);
        report(name, &found, started);
        if let Some((invariant, schedule)) = found.broken {
            panic!(
                "{name}: violated: {invariant}\n{}",
                describe(&scenario, &schedule)
            );
        }
        unseen.retain(|milestone| !found.seen.contains(milestone));
        states += found.states;
    }
    println!("{states} states in {} ms", begun.elapsed().as_millis());
    (states, unseen)
}

/// A schedule move by move, and its last moment.
fn describe(scenario: &Scenario, schedule: &[Move]) -> String {
    let mut moment = scenario.first_moment();
    let mut text = String::new();
    for action in schedule {
        moment = scenario.next(&moment, *action).unwrap();
        let calls: Vec<_> = moment.programs.iter().map(|p| p.call).collect();
        text += &format!(
            "{action:?} -> {calls:?}, zombie at {:?}\n",
            moment.zombie.as_ref().map(|z| z.1.call)
        );
    }
    format!("{text}{moment:#?}")
}

fn report(name: &str, found: &Found, since: Instant) {
    let (states, moves) = (found.states, found.moves);
    println!(
        "{states:>8} states, {moves:>8} moves in {:>5} ms: {name}",
        since.elapsed().as_millis()
    );
}

/// The shortest schedule that places two orders if each attempt has a token of its own.
const LATE_ORDER: [Move; 15] = [
    // The first execution reserves, plans and writes its intent.
    Move::Deliver(0),
    Move::Step(0),
    Move::Step(0),
    Move::Step(0),
    // Its order hangs. The state machine sees the call fail, and the retry fails too.
    Move::Hang(0),
    Move::Fail(0),
    // fail-job finds the hold and releases it.
    Move::Step(0),
    Move::Step(0),
    // The second execution reserves, plans, writes its intent, searches without result, and orders.
    Move::Deliver(1),
    Move::Step(1),
    Move::Step(1),
    Move::Step(1),
    Move::Step(1),
    Move::Step(1),
    // The order of the first execution arrives.
    Move::ZombieStep,
];

#[test]
fn a_late_order_is_the_order_of_the_next_attempt() {
    for (mutant, orders, broken) in [
        (None, 1, 0),
        (
            Some(Mutant::TokenOfAttempt),
            2,
            storage::broken::ORDERED_TWICE,
        ),
    ] {
        let scenario = Scenario {
            mutant,
            ..scenario(vec![ordering(0), ordering(1)], [1, 0, 1, 0])
        };
        let last = LATE_ORDER
            .iter()
            .fold(scenario.first_moment(), |moment, action| {
                scenario.next(&moment, *action).unwrap()
            });
        assert_eq!(
            last.storage.jobs[0].orders.len(),
            orders,
            "{mutant:?}: {last:#?}"
        );
        assert_eq!(last.storage.broken, broken, "{mutant:?}");
    }
}

/// A scenario that exposes a mistake, and the invariant that it violates.
fn exposing_scenario(mutant: Mutant) -> (Scenario, &'static str) {
    let two = |budget| scenario(vec![plain(0), plain(1)], budget);
    let differing = |budget| scenario(vec![other_bytes(0), other_bytes(1)], budget);
    let orders = |budget| scenario(vec![ordering(0), ordering(1)], budget);
    match mutant {
        Mutant::LeaseIgnored => (two([0, 0, 0, 0]), p::LIVE_LEASE),
        Mutant::FenceIgnored => (two([0, 0, 0, 1]), p::HELD),
        Mutant::OwnerIgnored | Mutant::OwnerShared => (two([0, 0, 0, 0]), p::ONE_HOLDER),
        Mutant::AttemptKept => (two([0, 0, 0, 1]), p::FENCE_ONCE),
        Mutant::CompleteUnconditional => (two([0, 0, 0, 1]), p::PROVEN),
        Mutant::CompleteReservable => (two([0, 0, 0, 0]), p::FINAL),
        Mutant::FailedIsFinal => (two([1, 0, 0, 0]), p::RETRY_AT_ONCE),
        Mutant::ExpiryIgnored => (two([0, 1, 0, 0]), p::CONVERGES),
        Mutant::EndedOwnerReserves => (two([1, 0, 1, 0]), p::FAILED_ONCE),
        Mutant::ForceKeepsGeneration => (differing([1, 1, 0, 1]), p::CONVERGES),
        Mutant::OutboxApart => (two([0, 1, 0, 0]), p::ONE_SUCCESS),
        Mutant::SegmentsReplaced => (differing([0, 0, 0, 1]), p::BYTES_KEPT),
        Mutant::RecordsReplaced => (two([0, 0, 0, 1]), p::RECORD_ONCE),
        Mutant::RecordFirst => (two([0, 0, 0, 0]), p::RECORD_LAST),
        Mutant::MarkFirst => (two([1, 0, 0, 0]), p::SETTLES),
        Mutant::FreshMessageId => (two([1, 0, 0, 0]), p::ONE_ID),
        Mutant::FailJobBlind => (two([1, 0, 0, 0]), p::RELEASED),
        Mutant::OwnOutboxOnly => (two([0, 1, 0, 0]), p::CONVERGES),
        Mutant::IntentUnnoticed => (orders([1, 0, 0, 0]).with_minutes(1), p::PAID_ONCE),
        Mutant::IntentUnfenced => (orders([0, 0, 0, 1]), p::HELD),
        Mutant::TakeoverBlind => (orders([0, 0, 0, 1]), p::PAID_ONCE),
        Mutant::TokenOfAttempt => (orders([1, 0, 1, 0]), p::PAID_ONCE),
        Mutant::AbandonUnread => (two([1, 0, 0, 0]).with_reaps(1), p::ABANDONED),
        Mutant::AbandonKeepsGeneration | Mutant::DeleteFirst => {
            (two([1, 0, 0, 0]).with_reaps(1), p::KEPT)
        }
    }
}

#[test]
fn every_mutant_violates_its_invariant() {
    for mutant in Mutant::ALL {
        let (scenario, invariant) = exposing_scenario(*mutant);
        let right = explore(&scenario, &[invariant]);
        assert_eq!(
            right.broken, None,
            "{mutant:?}: {invariant:?} is violated without the mistake too"
        );
        let wrong = explore(
            &Scenario {
                mutant: Some(*mutant),
                ..scenario
            },
            &[invariant],
        );
        let Some((_, schedule)) = wrong.broken else {
            panic!(
                "{mutant:?} does not violate {invariant:?} in {} states",
                wrong.states
            );
        };
        println!(
            "{mutant:?} violates {invariant:?} after {} moves",
            schedule.len()
        );
    }
}
