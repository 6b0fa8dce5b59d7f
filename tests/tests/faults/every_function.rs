//! Runs a complete job function by function, with a fault at every port call: before the call, and after it took effect. The
//! function runs again, as Step Functions retries it, and the persistent state must equal that of a run without faults.
//!
//! This test writes the table in docs/faults.md: `UPDATE_DOCS=1 cargo test --workspace --test faults -- every_function`.

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

/// Port calls of a function to fail at most. Reading a mezzanine repeats the same call many times.
const MOST_CALLS: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_of_any_function_after_a_fault_at_any_port_call_gives_the_same_result() {
    let mut rows = Vec::new();
    let mut points = 0;
    let mut functions = BTreeSet::new();
    for encoder in [EncoderKind::Lambda, EncoderKind::MediaConvert] {
        let mut world = World::fresh(encoder).await;
        while let Some(station) = world.next_station().await {
            // Calls that both encoders have in common fail once.
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

/// Makes each call of a station fail once, each in a copy of the world; returns the calls by kind and the number of points.
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
                // A call that the function itself retries, or does not depend on.
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
