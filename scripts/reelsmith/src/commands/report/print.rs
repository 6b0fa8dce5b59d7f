//! A report as text.

use std::collections::BTreeMap;

use reelsmith_report::metrics::{Cost, Metrics, Resume};

use super::{Report, StateTotal};
use crate::view::text::{self, fields};

pub fn print(report: &Report, json: bool) -> String {
    if json {
        return text::json(report);
    }
    let took = text::duration(report.seconds);
    let heading = format!("{}  {}  {took}", report.execution, report.status.as_str());
    let m = &report.metrics;
    let mut parts = vec![heading, states(report)];
    if !m.chunk_encode.pieces.is_empty() {
        parts.push(workers(m));
    }
    parts.push(overhead(m));
    parts.extend(m.cost.as_ref().map(cost));
    parts.join("\n\n")
}

fn states(report: &Report) -> String {
    let row = |s: &StateTotal| {
        [
            s.state.clone(),
            text::duration(s.seconds),
            format!("{:.0} %", s.share * 100.0),
            counted(&s.errors),
        ]
    };
    text::table(
        ["STATE", "TOOK", "SHARE", "FAILED"],
        report.states.iter().map(row),
    )
}

/// `EncoderStalled × 2, MezzanineMissing × 1`.
fn counted(errors: &BTreeMap<String, usize>) -> String {
    let counts = errors.iter().map(|(error, n)| format!("{error} × {n}"));
    counts.collect::<Vec<_>>().join(", ")
}

fn workers(m: &Metrics) -> String {
    let (c, e) = (&m.concurrency, &m.chunk_encode);
    let times = [e.median_s, e.p95_s, e.longest_s].map(text::duration);
    let [median, p95, longest] = times;
    let reads = m
        .bytes_read
        .of_mezzanine
        .map(|n| format!(", {n:.2} × its size"));
    fields(&[
        (
            "workers",
            format!(
                "{} work units on {} workers, up to {} at once, {:.1} on average, {} of work in {}",
                e.pieces.len(),
                c.workers,
                c.peak,
                c.mean,
                text::duration(e.work_s),
                text::duration(c.span_s)
            ),
        ),
        (
            "work unit",
            format!("median {median}, 95th percentile {p95}, longest {longest}"),
        ),
        ("retries", counted(&m.retries.pieces)),
        (
            "processor",
            format!("{} in the encoder", text::duration(e.cpu_s)),
        ),
        (
            "read",
            format!(
                "{} of the mezzanine, {} per work unit{}",
                text::bytes(m.bytes_read.total),
                text::bytes(m.bytes_read.per_piece),
                reads.unwrap_or_default()
            ),
        ),
    ])
}

/// Data that the execution carried, and work that was repeated.
fn overhead(m: &Metrics) -> String {
    let again = m.replay.redone_pieces;
    let mut rows = vec![
        (
            "end to end",
            match m.latency.speed {
                Some(speed) => format!(
                    "{}, {speed:.2} × real time",
                    text::duration(m.latency.seconds)
                ),
                None => text::duration(m.latency.seconds),
            },
        ),
        (
            "history",
            format!(
                "{} events, {:.1} per work unit; state data up to {}",
                m.state.events,
                m.state.events_per_piece,
                text::bytes(m.state.largest_bytes)
            ),
        ),
        (
            "checkpoints",
            format!(
                "{}, {} per work unit",
                text::bytes(m.state.checkpoint_bytes),
                text::bytes(m.state.checkpoint_bytes_per_piece)
            ),
        ),
    ];
    rows.extend(m.replay.resumes.iter().map(|r| ("resumed", resumed(r))));
    if !m.replay.resumes.is_empty() {
        rows.push((
            "redone",
            format!("{again} work units that had already started"),
        ));
    }
    fields(&rows)
}

fn resumed(r: &Resume) -> String {
    let first = match r.first_work_s {
        Some(after) => format!("new work after {}", text::duration(after)),
        None => "no new work".to_owned(),
    };
    format!(
        "after {}: {first}; kept {} work units ({} of work)",
        text::duration(r.after_s),
        r.reused_pieces,
        text::duration(r.reused_work_s)
    )
}

fn cost(c: &Cost) -> String {
    let about = format!(
        "about {} ({} a minute), by the model of docs/cost.md, which expects {} of work",
        c.total,
        c.total_minute,
        text::duration(c.expected_worker_s)
    );
    let line = |l: &reelsmith_report::metrics::CostLine| {
        [
            format!("  {}", l.item.meaning()),
            format!("${:.6}", l.cost.0),
            format!("${:.6} a minute", l.cost_minute.0),
        ]
    };
    let lines = text::columns(c.lines.iter().map(line));
    format!("{}\n{lines}", fields(&[("cost", about)]))
}
