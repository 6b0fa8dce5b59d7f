//! Jobs through the local stack while something fails: whatever it is, after the operator's ordinary answer the job is
//! complete, byte for byte as without the fault, and nothing was encoded that was finished already.
//!
//! A slice runs with the other tests. `FAULTS=all` (or `scripts/test --faults`) runs every row and 200 random schedules;
//! `FAULT_SEEDS=17,18` runs those schedules again. `UPDATE_DOCS=1` writes the outcomes into docs/faults.md.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test ends where something is not as it must be; its table is the result"
)]

#[path = "faults/bench.rs"]
mod bench;
#[path = "faults/table.rs"]
mod table;

use std::io::Write as _;
use std::time::Instant;

use bench::{Bench, Outcome};
use table::{Case, Trouble};

/// Counts are part of what scripts/test shows, also where the tests pass and their output is not shown.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn all() -> bool {
    std::env::var("FAULTS").is_ok_and(|v| v == "all")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_any_fault_the_job_is_complete_and_the_same() {
    let mut bench = Bench::start().await;
    let whole = table::whole();
    let cases: Vec<Case> = if all() {
        whole
    } else {
        whole.into_iter().filter(|case| case.in_slice).collect()
    };
    let mut outcomes = Vec::new();
    for case in &cases {
        let began = Instant::now();
        let outcome = bench.run(&case.name(), &case.trouble).await;
        println!(
            "{:<62} {outcome} ({:.1} s)",
            case.name(),
            began.elapsed().as_secs_f32()
        );
        outcomes.push((case, outcome));
    }
    let failed = outcomes.iter().filter(|(_, o)| o.is_bad()).count();
    say(&format!(
        "faults: {} passed, {failed} failed, of {} rows",
        outcomes.len() - failed,
        cases.len()
    ));
    let unhit: Vec<_> = outcomes
        .iter()
        .filter(|(_, o)| o.hits == 0)
        .map(|(c, _)| c.name())
        .collect();
    assert_eq!(unhit, [""; 0], "faults that never happened");
    if all() && std::env::var_os("UPDATE_DOCS").is_some() {
        document(&outcomes);
    }
    assert_eq!(failed, 0);
    random_schedules(&mut bench).await;
}

/// Crashes, lost answers and refusals drawn by a seed, wherever they fall.
async fn random_schedules(bench: &mut Bench) {
    let given = std::env::var("FAULT_SEEDS").ok();
    let seeds: Vec<u64> = match &given {
        Some(list) => list.split(',').map(|s| s.trim().parse().unwrap()).collect(),
        None if all() => (1..=200).collect(),
        None => vec![1, 2],
    };
    let (mut bad, mut again) = (Vec::new(), 0);
    for seed in &seeds {
        let trouble = Trouble::Requests(table::drawn(*seed));
        let outcome = bench.run(&format!("schedule {seed}"), &trouble).await;
        println!("schedule {seed}: {outcome}");
        again += outcome.encoded_again;
        if outcome.is_bad() {
            bad.push(*seed);
        }
    }
    say(&format!(
        "schedules: {} passed, {} failed; chunks encoded again: {again}, all of them in flight",
        seeds.len() - bad.len(),
        bad.len()
    ));
    assert!(bad.is_empty(), "run again with FAULT_SEEDS={bad:?}");
}

const BEGIN: &str = "<!-- faults: begin -->\n";
const END: &str = "<!-- faults: end -->";

fn document(outcomes: &[(&Case, Outcome)]) {
    let mut rows = String::from(
        "| function | fault | the operator's answer | then | bytes | encoded again |\n|---|---|---|---|---|---|\n",
    );
    for (case, outcome) in outcomes {
        rows.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} |\n",
            case.function,
            case.fault,
            outcome.answer,
            outcome.state,
            if outcome.differences.is_empty() {
                "equal"
            } else {
                "DIFFERENT"
            },
            outcome.encoded_again
        ));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/faults.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    std::fs::write(path, format!("{before}{BEGIN}{rows}{END}{after}")).unwrap();
}
