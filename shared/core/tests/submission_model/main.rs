//! The submission protocol, model-checked: every schedule of a few executions, with crashes between any two port calls,
//! lost answers, stopped executions, zombies, lapsed leases and clocks that disagree.
//!
//! Exploration is exhaustive within each scenario's budget of faults, and the transition table is the real one. That
//! the model can fail is shown by mutants: each is one mistake, and each must break the promise it is about.

#![allow(
    clippy::print_stdout,
    clippy::panic,
    clippy::unwrap_used,
    reason = "how much was explored is the result, and a model that cannot go on must end the test"
)]

mod explore;
mod model;
mod mutant;
mod order;
mod program;
mod progress;
mod property;
mod reaper;
mod world;

use std::collections::BTreeSet;
use std::time::Instant;

use explore::{Found, explore};
use model::{Move, Scenario};
use mutant::Mutant;
use property as p;
use world::Actor;

/// An execution of the first job whose clock is right.
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

/// An execution whose encode is ordered from a service.
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

/// An execution whose functions' clocks are as many leases ahead as its number.
fn fast(who: u8) -> Actor {
    Actor {
        skew: i16::from(who),
        ..plain(who)
    }
}

/// An execution whose encoder makes other bytes of the same input.
fn other_bytes(who: u8) -> Actor {
    Actor {
        build: who,
        ..plain(who)
    }
}

/// An execution of the second job: another profile is another key.
fn other_profile(who: u8) -> Actor {
    Actor {
        job: 1,
        ..plain(who)
    }
}

/// Faults, stops, zombies, leases that pass.
fn scenario(actors: Vec<Actor>, [faults, stops, zombies, ticks]: [u8; 4]) -> Scenario {
    Scenario {
        actors,
        faults,
        stops,
        zombies,
        ticks,
        minutes: 0,
        reaps: 0,
        mutant: None,
    }
}

impl Scenario {
    /// Minutes pass, after each of which the service has forgotten its tokens.
    fn with_minutes(self, minutes: u8) -> Self {
        Self { minutes, ..self }
    }

    /// The reaper comes.
    fn with_reaps(self, reaps: u8) -> Self {
        Self { reaps, ..self }
    }
}

/// What every run of the tests explores: any two kinds of trouble at once, with a lease that lapses.
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
        ("two orders, a stop, a lease lapses", orders([0, 1, 0, 1])),
        ("two orders, a fault, a lease lapses", orders([1, 0, 0, 1])),
        (
            "two orders, a zombie, a minute passes",
            orders([0, 0, 1, 0]).with_minutes(1),
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
            "clocks that are leases apart",
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
            "an encoder that never makes the same bytes",
            scenario(differing(), [1, 0, 0, 1]),
        ),
        (
            "two profiles, a fault, a stop",
            scenario(vec![plain(0), other_profile(1)], [1, 1, 0, 0]),
        ),
    ]
}

/// Every kind of trouble at once.
fn long_scenarios() -> Vec<(&'static str, Scenario)> {
    let three = || vec![plain(0), plain(1), plain(2)];
    vec![
        (
            "two executions, a zombie, a lease lapses",
            scenario(vec![plain(0), plain(1)], [0, 0, 1, 1]),
        ),
        (
            "three executions, a lease lapses",
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
fn every_schedule_keeps_every_promise() {
    let (states, unseen) = explore_all(scenarios());
    assert!(unseen.is_empty(), "no scenario reaches {unseen:?}");
    assert!(states >= 100_000, "only {states} states were explored");
}

#[test]
#[ignore = "minutes: run it with --release after a change of the protocol"]
fn every_schedule_with_every_trouble_keeps_every_promise() {
    explore_all(long_scenarios());
}

/// How many states there are, and the sights that no scenario reached.
fn explore_all(scenarios: Vec<(&'static str, Scenario)>) -> (usize, BTreeSet<&'static str>) {
    let mut unseen: BTreeSet<&str> = p::SIGHTS.iter().map(|(name, _)| *name).collect();
    let (mut states, begun) = (0, Instant::now());
    for (name, scenario) in scenarios {
        let started = Instant::now();
        let found = explore(&scenario, &[]);
        report(name, &found, started);
        if let Some((promise, way)) = found.broken {
            panic!("{name}: broken: {promise}\n{}", told(&scenario, &way));
        }
        unseen.retain(|sight| !found.seen.contains(sight));
        states += found.states;
    }
    println!("{states} states in {} ms", begun.elapsed().as_millis());
    (states, unseen)
}

/// A schedule move by move, and the moment it ends in.
fn told(scenario: &Scenario, way: &[Move]) -> String {
    let mut moment = scenario.beginning();
    let mut text = String::new();
    for action in way {
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

/// The scenario in which a mistake shows, and the promise it breaks.
fn downfall(mutant: Mutant) -> (Scenario, &'static str) {
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
        Mutant::LapseIgnored => (two([0, 1, 0, 0]), p::CONVERGES),
        Mutant::EndedOwnerReserves => (two([1, 0, 1, 0]), p::GAVE_UP),
        Mutant::ForceKeepsGeneration => (differing([1, 1, 0, 1]), p::CONVERGES),
        Mutant::OutboxApart => (two([0, 1, 0, 0]), p::ONE_SUCCESS),
        Mutant::SegmentsReplaced => (differing([0, 0, 0, 1]), p::BYTES_STAND),
        Mutant::RecordsReplaced => (two([0, 0, 0, 1]), p::RECORD_ONCE),
        Mutant::RecordFirst => (two([0, 0, 0, 0]), p::RECORD_LAST),
        Mutant::MarkFirst => (two([1, 0, 0, 0]), p::SETTLES),
        Mutant::FreshMessageId => (two([1, 0, 0, 0]), p::ONE_ID),
        Mutant::FailJobBlind => (two([1, 0, 0, 0]), p::LETS_GO),
        Mutant::OwnOutboxOnly => (two([0, 1, 0, 0]), p::CONVERGES),
        Mutant::IntentUnnoticed => (orders([1, 0, 0, 0]).with_minutes(1), p::PAID_ONCE),
        Mutant::IntentUnfenced | Mutant::TakeoverBlind => (orders([0, 0, 0, 1]), p::PAID_ONCE),
        Mutant::AbandonUnread => (two([1, 0, 0, 0]).with_reaps(1), p::GIVEN_UP),
        Mutant::AbandonKeepsGeneration | Mutant::DeleteFirst => {
            (two([1, 0, 0, 0]).with_reaps(1), p::KEPT)
        }
    }
}

#[test]
fn every_mistake_is_found_and_only_there() {
    for mutant in Mutant::ALL {
        let (scenario, promise) = downfall(*mutant);
        let right = explore(&scenario, &[promise]);
        assert_eq!(
            right.broken, None,
            "{mutant:?}: {promise:?} is broken without the mistake too"
        );
        let wrong = explore(
            &Scenario {
                mutant: Some(*mutant),
                ..scenario
            },
            &[promise],
        );
        let Some((_, way)) = wrong.broken else {
            panic!(
                "{mutant:?} does not break {promise:?} in {} states",
                wrong.states
            );
        };
        println!("{mutant:?} breaks {promise:?} after {} moves", way.len());
    }
}
