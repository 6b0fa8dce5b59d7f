//! The details of a job as text.

use reelsmith_core::submission::Row;
use reelsmith_report::metrics::Cost;

use super::{ExecutionDetails, JobDetails, PublishedFiles, StateVisit};
use crate::view::text::{self, fields};

pub fn print(details: &JobDetails, json: bool) -> String {
    if json {
        return text::json(details);
    }
    let parts = [
        details.execution.as_ref().map(execution),
        details.job.as_ref().map(job),
        details.outputs.as_ref().map(|o| outputs(o, details)),
        details.cost.as_ref().map(cost),
        (!details.states.is_empty()).then(|| states(details)),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join("\n\n")
}

fn execution(e: &ExecutionDetails) -> String {
    let source = &e.input["source"];
    let manifest = match (source["bucket"].as_str(), source["key"].as_str()) {
        (Some(bucket), Some(key)) => format!("s3://{bucket}/{key}"),
        _ => String::new(),
    };
    let rows = [
        ("execution", e.name.clone()),
        ("status", e.status.as_str().to_owned()),
        (
            "started",
            format!("{}, {}", e.started, text::duration(e.seconds)),
        ),
        ("manifest", manifest),
        ("decision", e.decision.clone().unwrap_or_default()),
        ("console", e.console.clone().unwrap_or_default()),
    ];
    let failure = e.failure.as_ref().map(|f| format!("\n\n{}", f.describe()));
    fields(&rows) + &failure.unwrap_or_default()
}

fn job(row: &Row) -> String {
    let attempt = format!("{} of generation {}", row.attempt, row.generation.0);
    let mut rows = vec![
        ("job", row.job_key.to_string()),
        ("title", row.asset.to_string()),
        ("state", row.state.as_str().to_owned()),
        ("attempt", attempt),
    ];
    if row.state.is_live() {
        rows.push(("owner", row.owner.clone()));
        rows.push(("lease until", text::instant(row.lease_until.0)));
    }
    for failure in &row.failures {
        let (at, attempt) = (text::instant(failure.at.0), failure.attempt);
        rows.push((
            "failed",
            format!("{at} attempt {attempt}: {}", failure.error),
        ));
    }
    fields(&rows)
}

fn outputs(o: &PublishedFiles, details: &JobDetails) -> String {
    let parallelism = details.workers.as_ref().map(ToString::to_string);
    fields(&[
        ("HLS", o.hls.clone()),
        ("DASH", o.dash.clone().unwrap_or_default()),
        ("report", o.report.clone()),
        ("files", format!("{} ({})", o.files, text::bytes(o.bytes))),
        ("workers", parallelism.unwrap_or_default()),
    ])
}

fn cost(c: &Cost) -> String {
    let text = format!(
        "about {} ({} a minute), by the model of docs/cost.md",
        c.total, c.total_minute
    );
    fields(&[("cost", text)])
}

fn states(details: &JobDetails) -> String {
    let row = |s: &StateVisit| {
        let took = text::duration(s.seconds);
        [
            format!("{}{}", "  ".repeat(s.depth), s.state),
            text::duration(s.after),
            if s.open { format!("{took} …") } else { took },
            remarks(s, details),
        ]
    };
    let table = text::table(
        ["STATE", "AFTER", "TOOK", ""],
        details.states.iter().map(row),
    );
    let awaits = details.states.iter().filter_map(|s| s.awaits.as_deref());
    awaits.fold(table, |text, awaits| format!("{text}\n\n{awaits}"))
}

fn remarks(state: &StateVisit, details: &JobDetails) -> String {
    let map = details.maps.iter().find(|m| m.label == state.state);
    let items = map.map(|m| {
        let failed = match m.failed {
            0 => String::new(),
            n => format!(", {n} failed"),
        };
        format!("{} of {} items{failed}", m.succeeded, m.total)
    });
    let errors = (!state.errors.is_empty()).then(|| state.errors.join(", "));
    let remarks: Vec<String> = [items, errors].into_iter().flatten().collect();
    remarks.join("; ")
}
