//! The execution: how long each state took, what was tried again, and the numbers of the whole.

use maud::{Markup, html};

use crate::encode::bar;
use crate::format::{clock, seconds, size};
use crate::metrics::Metrics;
use crate::{Facts, StateRun};

pub fn section(facts: &Facts<'_>) -> Option<Markup> {
    let began = facts.states.iter().map(|s| s.entered).min()?;
    let end = facts.states.iter().map(|s| s.left).max()?;
    let whole = seconds(end.0 - began.0).max(1e-3);
    let retries: usize = facts.states.iter().map(|s| s.errors.len()).sum();
    Some(html! {
        section.card id="states" {
            h2 { "States" }
            p.soft { (facts.states.len()) " states in " (format!("{whole:.1} s")) ", " (retries) " errors met in them." }
            div.wide { table {
                thead { tr { th { "State" } th.r { "After" } th.r { "Seconds" } th.r { "Share" } th.bars.broad {} th { "Met" } } }
                tbody { @for state in facts.states { (row(state, began.0, whole)) } }
            } }
            @if let Some(metrics) = facts.metrics { (numbers(metrics)) }
        }
    })
}

fn row(state: &StateRun, began: i64, whole: f64) -> Markup {
    let (from, took) = (
        seconds(state.entered.0 - began),
        seconds(state.left.0 - state.entered.0),
    );
    html! {
        tr {
            td style=(format!("padding-left: {}px", 8 + 18 * state.depth)) { (state.name) }
            td.r.num { (clock(from)) } td.r.num { (format!("{took:.2}")) }
            td.r.num { (format!("{:.0} %", 100.0 * took / whole)) }
            td.bars.broad { (bar(from / whole, took / whole)) }
            td { @for error in &state.errors { span.badge.warn { (error) } " " } }
        }
    }
}

fn numbers(m: &Metrics) -> Markup {
    let resumes = m.replay.resumes.iter().map(|r| match r.first_work_s {
        Some(after) => format!(
            "new work {after:.1} s after it, {} pieces kept",
            r.reused_pieces
        ),
        None => format!("no new work, {} pieces kept", r.reused_pieces),
    });
    let resumes: Vec<String> = resumes.collect();
    let encode = &m.chunk_encode;
    let rows = [
        (
            "Concurrency",
            format!(
                "up to {} pieces at once, {:.1} on average, {} workers",
                m.concurrency.peak, m.concurrency.mean, m.concurrency.workers
            ),
        ),
        (
            "A piece of work",
            format!(
                "half took at most {:.1} s, 19 of 20 {:.1} s, the longest {:.1} s",
                encode.median_s, encode.p95_s, encode.longest_s
            ),
        ),
        (
            "Read of the mezzanine",
            format!(
                "{}, {} a piece, {:.2} times its size",
                size(m.bytes_read.total),
                size(m.bytes_read.per_piece),
                m.bytes_read.of_mezzanine.unwrap_or_default()
            ),
        ),
        (
            "History",
            format!(
                "{} events, {:.2} a piece; state data at most {}",
                m.state.events,
                m.state.events_per_piece,
                size(m.state.largest_bytes)
            ),
        ),
        (
            "Checkpoints in S3",
            format!(
                "{}, {} a piece",
                size(m.state.checkpoint_bytes),
                size(m.state.checkpoint_bytes_per_piece)
            ),
        ),
        ("Resumed", resumes.join("; ")),
    ];
    html! {
        h3 { "In numbers" }
        dl.facts { @for (name, value) in rows { @if !value.is_empty() { dt { (name) } dd { (value) } } } }
    }
}
