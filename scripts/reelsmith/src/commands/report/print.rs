//! A report as text.

use std::collections::BTreeMap;

use reelsmith_report::metrics::{Cost, Metrics, Resume};

use super::{Report, StateSum};
use crate::view::text;

/// As people read it, or as JSON.
#[must_use]
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
    parts.push(carried(m));
    parts.extend(m.cost.as_ref().map(cost));
    parts.join("\n\n")
}

fn fields(rows: &[(&str, String)]) -> String {
    let rows = rows.iter().filter(|(_, value)| !value.is_empty());
    let line = |(name, value): &(&str, String)| format!("{name:<12}{value}");
    rows.map(line).collect::<Vec<_>>().join("\n")
}

fn states(report: &Report) -> String {
    let header = ["STATE", "TOOK", "SHARE", "FAILED"]
        .map(str::to_owned)
        .to_vec();
    let row = |s: &StateSum| {
        vec![
            s.state.clone(),
            text::duration(s.seconds),
            format!("{:.0} %", s.share * 100.0),
            counted(&s.errors),
        ]
    };
    let rows = std::iter::once(header).chain(report.states.iter().map(row));
    text::table(&rows.collect::<Vec<_>>())
}

/// `EncoderStalled × 2, MezzanineMissing × 1`.
fn counted(errors: &BTreeMap<String, usize>) -> String {
    let told = errors.iter().map(|(error, n)| format!("{error} × {n}"));
    told.collect::<Vec<_>>().join(", ")
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
                "{} pieces on {} workers, up to {} at once, {:.1} on average, {} of work in {}",
                e.pieces.len(),
                c.workers,
                c.peak,
                c.mean,
                text::duration(e.work_s),
                text::duration(c.span_s)
            ),
        ),
        (
            "pieces",
            format!("half in {median}, 19 of 20 in {p95}, the longest {longest}"),
        ),
        ("tried again", counted(&m.retries.pieces)),
        (
            "processor",
            format!("{} in the encoder", text::duration(e.cpu_s)),
        ),
        (
            "read",
            format!(
                "{} of the mezzanine, {} a piece{}",
                text::bytes(m.bytes_read.total),
                text::bytes(m.bytes_read.per_piece),
                reads.unwrap_or_default()
            ),
        ),
    ])
}

/// What it carried from state to state, and what it cost to go on.
fn carried(m: &Metrics) -> String {
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
                "{} events, {:.1} a piece; state data up to {}",
                m.state.events,
                m.state.events_per_piece,
                text::bytes(m.state.largest_bytes)
            ),
        ),
        (
            "checkpoints",
            format!(
                "{}, {} a piece",
                text::bytes(m.state.checkpoint_bytes),
                text::bytes(m.state.checkpoint_bytes_per_piece)
            ),
        ),
    ];
    rows.extend(m.replay.resumes.iter().map(|r| ("resumed", resumed(r))));
    if !m.replay.resumes.is_empty() {
        rows.push(("redone", format!("{again} pieces that had been begun")));
    }
    fields(&rows)
}

fn resumed(r: &Resume) -> String {
    let first = match r.first_work_s {
        Some(after) => format!("new work {} later", text::duration(after)),
        None => "no new work".to_owned(),
    };
    format!(
        "after {}: {first}; {} pieces ({} of work) kept",
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
        vec![
            format!("  {}", l.item.meaning()),
            format!("${:.6}", l.cost.0),
            format!("${:.6} a minute", l.cost_minute.0),
        ]
    };
    let lines: Vec<Vec<String>> = c.lines.iter().map(line).collect();
    format!("{}\n{}", fields(&[("cost", about)]), text::table(&lines))
}
