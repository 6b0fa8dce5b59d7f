//! A whole job, function by function, with a fault at every port call of each: before the call, and after it did its
//! work. The function runs again, as Step Functions retries it, and what lasts must be what a run without faults leaves.
//!
//! The table in docs/faults.md is written by this test: `UPDATE_DOCS=1 cargo test --workspace --test faults -- every_function`.

mod aside;
mod end;
mod line;
mod world;

use std::collections::BTreeSet;

use line::Station;
use reelsmith_contract::error::Retry;
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::ports::PortErrorKind;
use reelsmith_testkit::faults::{Effect, Faults};
use reelsmith_tests::figures;
use world::World;

/// How many of the port calls of a function are spoiled at most: reading a mezzanine is the same call many times over.
const MOST_CALLS: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_at_any_port_call_of_any_function_changes_nothing_after_the_retry() {
    let mut rows = Vec::new();
    let mut points = 0;
    let mut functions = BTreeSet::new();
    for encoder in [EncoderKind::Lambda, EncoderKind::MediaConvert] {
        let mut world = World::fresh(encoder).await;
        while let Some(station) = world.next_station().await {
            // What both encoders have in common is spoiled once.
            if encoder == EncoderKind::Lambda || !functions.contains(station.function()) {
                let (calls, spoiled) = every_point(&world, &station).await;
                points += spoiled;
                functions.insert(station.function());
                rows.push((station.name(), calls));
            }
            let output = world.call(&station, &Faults::none()).await;
            world.took(
                &station,
                output.unwrap_or_else(|e| panic!("{}: {e}", station.name())),
            );
        }
    }
    let known: BTreeSet<_> = reelsmith_contract::step::STEPS
        .iter()
        .map(|s| s.function)
        .collect();
    assert_eq!(functions, known, "a function that no station calls");
    println!("{points} points, all green");
    assert!(points >= 200, "only {points} points");
    document(&rows);
}

/// Spoils each call of a station once, in worlds of their own; the calls by kind, and the number of points.
async fn every_point(world: &World, station: &Station) -> (BTreeSet<String>, usize) {
    let (clean, faults) = (world.twin().await, Faults::none());
    let output = clean.call(station, &faults).await;
    let output = output.unwrap_or_else(|e| panic!("{}: {e}", station.name()));
    let calls = faults.calls();
    assert!(!calls.is_empty(), "{} calls nothing", station.name());
    let mut points = 0;
    for (nth, call) in (1_u32..).zip(calls.iter().take(MOST_CALLS)) {
        for effect in [
            Effect::Fail(PortErrorKind::Unavailable),
            Effect::LoseAnswer(PortErrorKind::Unavailable),
        ] {
            let point = format!("{}, call {nth} ({call:?}) {effect}", station.name());
            let (twin, faults) = (world.twin().await, Faults::none());
            faults.at(nth, effect);
            match twin.call(station, &faults).await {
                // A call that the function makes again by itself, or can do without.
                Ok(found) => assert_eq!(found, output, "{point}"),
                Err(failure) => assert!(
                    matches!(failure.name.retry(), Retry::Transient | Retry::Encoder),
                    "{point}: {failure}"
                ),
            }
            twin.encodes.forget_tokens();
            let again = twin.call(station, &Faults::none()).await;
            let again = again.unwrap_or_else(|e| panic!("{point}: {e}"));
            assert_eq!(station.lasting(&again), station.lasting(&output), "{point}");
            assert_eq!(twin.end(), clean.end(), "{point}");
            points += 1;
        }
    }
    let kinds = calls.iter().map(|c| format!("{c:?}")).collect();
    (kinds, points)
}

fn document(rows: &[(String, BTreeSet<String>)]) {
    let mut table = String::from(
        "| function | port calls, each failed before and after it takes effect |\n|---|---|\n",
    );
    for (name, calls) in rows {
        let calls: Vec<_> = calls.iter().map(String::as_str).collect();
        table.push_str(&format!("| {name} | {} |\n", calls.join(", ")));
    }
    if figures::written("every-function") == table {
        return;
    }
    assert!(
        figures::may_write(),
        "docs/faults.md is out of date: run this test with UPDATE_DOCS=1. It would say\n{table}"
    );
    figures::write("every-function", &table);
}
