//! A job as text.

use reelsmith_core::submission::Row;
use reelsmith_report::metrics::Cost;

use super::{Execution, Published, Shown, State};
use crate::view::text;

/// As people read it, or as JSON.
#[must_use]
pub fn print(shown: &Shown, json: bool) -> String {
    if json {
        return text::json(shown);
    }
    let parts = [
        shown.execution.as_ref().map(execution),
        shown.job.as_ref().map(job),
        shown.outputs.as_ref().map(|o| outputs(o, shown)),
        shown.cost.as_ref().map(cost),
        (!shown.states.is_empty()).then(|| states(shown)),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join("\n\n")
}

fn fields(rows: &[(&str, String)]) -> String {
    let line = |(name, value): &(&str, String)| format!("{name:<12}{value}");
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn execution(e: &Execution) -> String {
    let took = text::duration(e.seconds);
    let mut rows = vec![
        ("execution", e.name.clone()),
        ("status", e.status.as_str().to_owned()),
        ("started", format!("{}, {took}", e.started)),
    ];
    let source = &e.input["source"];
    if let (Some(bucket), Some(key)) = (source["bucket"].as_str(), source["key"].as_str()) {
        rows.push(("manifest", format!("s3://{bucket}/{key}")));
    }
    if let Some(decision) = &e.decision {
        rows.push(("decision", decision.clone()));
    }
    if let Some(url) = &e.console {
        rows.push(("console", url.clone()));
    }
    let told = e.failure.as_ref().map(|f| format!("\n\n{}", f.told));
    fields(&rows) + &told.unwrap_or_default()
}

fn job(row: &Row) -> String {
    let mut rows = vec![
        ("job", row.job_key.to_string()),
        ("title", row.asset.to_string()),
        ("state", row.state.as_str().to_owned()),
        (
            "attempt",
            format!("{} of generation {}", row.attempt, row.generation.0),
        ),
    ];
    if row.state.is_live() {
        rows.push(("held by", row.owner.clone()));
        rows.push(("held until", text::instant(row.lease_until.0)));
    }
    for failure in &row.failures {
        let at = text::instant(failure.at.0);
        let what = format!("{at} attempt {}: {}", failure.attempt, failure.error);
        rows.push(("failed", what));
    }
    fields(&rows)
}

fn outputs(o: &Published, shown: &Shown) -> String {
    let mut rows = vec![("HLS", o.hls.clone())];
    rows.extend(o.dash.iter().map(|d| ("DASH", d.clone())));
    rows.push(("report", o.report.clone()));
    rows.push(("files", format!("{} ({})", o.files, text::bytes(o.bytes))));
    rows.extend(shown.workers.iter().map(|w| ("workers", w.to_string())));
    fields(&rows)
}

fn cost(c: &Cost) -> String {
    let text = format!(
        "about {} ({} a minute), by the model of docs/cost.md",
        c.total, c.total_minute
    );
    fields(&[("cost", text)])
}

fn states(shown: &Shown) -> String {
    let header = ["STATE", "AFTER", "TOOK", ""].map(str::to_owned).to_vec();
    let row = |s: &State| {
        let name = format!("{}{}", "  ".repeat(s.depth), s.state);
        let took = text::duration(s.seconds);
        let took = if s.open { format!("{took} …") } else { took };
        vec![name, text::duration(s.after), took, note(s, shown)]
    };
    let rows = std::iter::once(header).chain(shown.states.iter().map(row));
    text::table(&rows.collect::<Vec<_>>())
}

fn note(state: &State, shown: &Shown) -> String {
    let map = shown.maps.iter().find(|m| m.label == state.state);
    let items = map.map(|m| {
        let failed = match m.failed {
            0 => String::new(),
            n => format!(", {n} failed"),
        };
        format!("{} of {} items{failed}", m.succeeded, m.total)
    });
    let tried = (!state.errors.is_empty()).then(|| format!("met {}", state.errors.join(", ")));
    [items, tried]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("; ")
}
