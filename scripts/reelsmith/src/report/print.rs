//! A report as text.

use super::{Report, StateSum, WorkerSum};
use crate::text;

/// As people read it, or as JSON.
#[must_use]
pub fn print(report: &Report, json: bool) -> String {
    if json {
        return text::json(report);
    }
    let took = text::duration(report.seconds);
    let heading = format!("{}  {}  {took}", report.execution, report.status.as_str());
    let mut parts = vec![heading, states(report)];
    parts.extend(report.workers.as_ref().map(workers));
    parts.extend(report.cost.as_ref().map(|c| {
        format!(
            "cost        about {} ({} a minute), by the model of docs/cost.md, which expects {} of work",
            c.total,
            c.total_minute,
            text::duration(c.expected_worker_s)
        )
    }));
    parts.join("\n\n")
}

fn states(report: &Report) -> String {
    let header = ["STATE", "TOOK", "SHARE", "FAILED"]
        .map(str::to_owned)
        .to_vec();
    let row = |s: &StateSum| {
        let errors = s.errors.iter().map(|(error, n)| format!("{error} × {n}"));
        vec![
            s.state.clone(),
            text::duration(s.seconds),
            format!("{:.0} %", s.share * 100.0),
            errors.collect::<Vec<_>>().join(", "),
        ]
    };
    let rows = std::iter::once(header).chain(report.states.iter().map(row));
    text::table(&rows.collect::<Vec<_>>())
}

fn workers(w: &WorkerSum) -> String {
    let pieces = format!(
        "half in {}, 19 of 20 in {}, the longest {}",
        text::duration(w.median_s),
        text::duration(w.p95_s),
        text::duration(w.longest_s)
    );
    [
        format!("workers     {}", w.all),
        format!("pieces      {pieces}"),
        format!("reused      {} of {} pieces", w.reused, w.all.pieces),
        format!("processor   {} in the encoder", text::duration(w.cpu_s)),
        format!("read        {} of the mezzanine", text::bytes(w.bytes_read)),
    ]
    .join("\n")
}
