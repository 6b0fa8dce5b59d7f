//! Jobs on the local stack with faults. After the operator's usual response, every job is complete, its output equals byte for
//! byte that of a run without faults, and no finished chunk was encoded again.
//!
//! The ordinary run takes some of the rows. `FAULTS=all` (or `scripts/test --full faults`) runs every row and 200 random
//! schedules; `FAULT_SEEDS=17,18` repeats those schedules, and `FAULT_ROWS=notify` those rows. `UPDATE_DOCS=1` writes the
//! outcomes into docs/faults.md, those of the schedules only if all of them ran (`FAULT_SEEDS=1-200`).

mod bench;
mod table;

use std::io::Write as _;
use std::time::Instant;

use bench::{Bench, Outcome};
use reelsmith_tests::chaos::Effect;
use reelsmith_tests::figures;
use table::{Case, Trouble};

/// Writes to standard error, so that scripts/test shows the counts of tests that pass.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn all() -> bool {
    std::env::var("FAULTS").is_ok_and(|v| v == "all")
}

/// The rows to run: those of the ordinary run, all with `FAULTS=all`, or those whose name contains a part of `FAULT_ROWS`
/// (parts separated by `|`). `FAULT_SHARD=1/2` takes every second of them.
fn chosen() -> Vec<Case> {
    let asked = std::env::var("FAULT_ROWS").ok();
    let named = |case: &Case| match &asked {
        Some(parts) => parts.split('|').any(|part| case.name().contains(part)),
        None => all() || case.in_slice,
    };
    let shard = std::env::var("FAULT_SHARD").ok();
    let (nth, of) = shard
        .as_deref()
        .and_then(|s| s.split_once('/'))
        .map_or((1, 1), |(n, of)| (n.parse().unwrap(), of.parse().unwrap()));
    let cases = table::whole().into_iter().filter(named).enumerate();
    cases
        .filter(|(n, _)| n % of == nth - 1)
        .map(|(_, case)| case)
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_any_fault_the_job_completes_with_the_same_output() {
    let cases = chosen();
    let needs_disk = |case: &Case| matches!(case.trouble, Trouble::FullDisk(_));
    let hangs = |case: &Case| match &case.trouble {
        Trouble::Requests(rules) => rules.iter().any(|rule| rule.effect == Effect::Freeze),
        _ => false,
    };
    let (disk, limit) = (cases.iter().any(needs_disk), cases.iter().any(hangs));
    let mut bench = Bench::start(disk, limit).await;
    let (mut failed, mut skipped, mut unhit) = (Vec::new(), 0, Vec::new());
    for case in &cases {
        let name = case.name();
        if !bench.can(&case.trouble) {
            say(&format!(
                "not run, since nothing can be mounted here: {name}"
            ));
            skipped += 1;
            continue;
        }
        let began = Instant::now();
        let outcome = bench.run(&name, &case.trouble).await;
        let took = began.elapsed().as_secs_f32();
        println!("{name:<62} {outcome} ({took:.1} s)");
        if outcome.hits == 0 {
            unhit.push(name.clone());
        }
        if outcome.is_bad() {
            failed.push(name);
        }
        document(case, &outcome);
    }
    let (ran, bad) = (cases.len() - skipped, failed.len());
    say(&format!(
        "faults: {} passed, {bad} failed, {skipped} not run, of {} rows",
        ran - bad,
        cases.len()
    ));
    assert_eq!(unhit, [""; 0], "faults that never happened");
    assert_eq!(failed, [""; 0]);
    random_schedules(&mut bench).await;
}

/// Schedules in a full run.
const SCHEDULES: u64 = 200;

/// A seed, or a range of seeds: `17` or `1-200`.
fn seeds_of(text: &str) -> std::ops::RangeInclusive<u64> {
    let number = |s: &str| s.trim().parse().unwrap();
    match text.split_once('-') {
        Some((first, last)) => number(first)..=number(last),
        None => number(text)..=number(text),
    }
}

/// Random crashes, lost responses and errors, generated from a seed.
async fn random_schedules(bench: &mut Bench) {
    let given = std::env::var("FAULT_SEEDS").ok();
    let seeds: Vec<u64> = match &given {
        Some(list) => list.split(',').flat_map(seeds_of).collect(),
        None if all() => (1..=SCHEDULES).collect(),
        None => vec![1, 2],
    };
    let (mut bad, mut sum) = (Vec::new(), Sum::default());
    for seed in &seeds {
        let trouble = Trouble::Requests(table::drawn(*seed));
        let outcome = bench.run(&format!("schedule {seed}"), &trouble).await;
        println!("schedule {seed}: {outcome}");
        sum.add(&outcome);
        if outcome.is_bad() {
            bad.push(*seed);
        }
    }
    say(&format!("schedules: {sum}"));
    if seeds.iter().copied().eq(1..=SCHEDULES) {
        figures::write("schedules", &format!("    {sum}\n"));
    }
    assert!(bad.is_empty(), "run again with FAULT_SEEDS={bad:?}");
}

/// The outcome of many schedules.
#[derive(Default)]
struct Sum {
    schedules: usize,
    faults: usize,
    again: usize,
    doubled: usize,
    lost: usize,
    orphans: usize,
    differing: usize,
    answers: std::collections::BTreeMap<&'static str, usize>,
}

impl Sum {
    fn add(&mut self, outcome: &Outcome) {
        let ending = |end: &str| {
            let ends = outcome.differences.iter().filter(|d| d.ends_with(end));
            ends.count()
        };
        self.schedules += 1;
        self.faults += outcome.hits;
        self.again += outcome.encoded_again;
        self.doubled += outcome.doubled;
        self.lost += usize::from(outcome.state != "COMPLETE");
        self.orphans += ending("is left over");
        self.differing += ending("has other bytes") + ending("is missing");
        *self.answers.entry(outcome.answer).or_default() += 1;
    }
}

impl std::fmt::Display for Sum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} schedules, {} faults met: {} duplicate encodes, {} lost jobs, {} orphans, {} differing bytes; \
             {} chunks encoded again, each of them in flight; the operator's answer: {:?}",
            self.schedules,
            self.faults,
            self.doubled,
            self.lost,
            self.orphans,
            self.differing,
            self.again,
            self.answers
        )
    }
}

/// Records the outcome of a case in docs/faults.md. One line lists all functions with the same fault and the same
/// outcome.
fn document(case: &Case, outcome: &Outcome) {
    if !figures::may_write() {
        return;
    }
    let bytes = if outcome.differences.is_empty() {
        "equal"
    } else {
        "DIFFERENT"
    };
    let new = format!(
        "{} | {} | {bytes} | {}",
        outcome.answer, outcome.state, outcome.encoded_again
    );
    let table = figures::written("faults");
    let mut lines: Vec<(String, String, Vec<&str>)> = Vec::new();
    for other in table::whole() {
        let result = if other.name() == case.name() {
            Some(new.clone())
        } else {
            recorded(&table, &other)
        };
        let Some(result) = result else { continue };
        let line = lines
            .iter_mut()
            .find(|line| line.0 == other.fault && line.1 == result);
        match line {
            Some(line) => line.2.push(other.function),
            None => lines.push((other.fault, result, vec![other.function])),
        }
    }
    let mut text = String::from(
        "| fault | functions | operator action | final state | bytes | chunks encoded again |\n|---|---|---|---|---|---|\n",
    );
    for (fault, result, functions) in lines {
        let functions = if functions.len() > 3 && functions == facing(&fault) {
            format!("all {}", functions.len())
        } else {
            functions.join(", ")
        };
        text.push_str(&format!("| {fault} | {functions} | {result} |\n"));
    }
    figures::write("faults", &text);
}

/// The function that has its own rows.
const FAIL_JOB: &str = "fail-job";

/// The functions with a case of this fault.
fn facing(fault: &str) -> Vec<&'static str> {
    let cases = table::whole().into_iter();
    let cases = cases.filter(|c| c.fault == fault && c.function != FAIL_JOB);
    cases.map(|c| c.function).collect()
}

/// The outcome columns that the table has for a case.
fn recorded(table: &str, case: &Case) -> Option<String> {
    let start = format!("| {} | ", case.fault);
    table.lines().find_map(|line| {
        let (functions, result) = line.strip_prefix(&start)?.split_once(" | ")?;
        let all = functions.starts_with("all ") && case.function != FAIL_JOB;
        let found = all || functions.split(", ").any(|f| f == case.function);
        found.then(|| result.trim_end_matches(" |").to_owned())
    })
}
