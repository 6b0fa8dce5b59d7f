//! The execution: when each work unit ran and on which worker, and how long each state took.

use std::collections::BTreeMap;

use maud::{Markup, html};
use plotters::prelude::*;
use reelsmith_core::record::{ChunkRecord, FailureNote, WorkerRun};
use reelsmith_core::time::UnixMillis;

use crate::format::{
    Area, BAD, Drawn, GRID, INK, clock, label, plot, seconds, series, size, swatch,
};
use crate::metrics::Metrics;
use crate::{Facts, StateRun};

/// A work unit as a bar.
struct UnitBar {
    /// The label in the bar: the number of the chunk, or the track.
    short: String,
    lane: usize,
    group: usize,
    from: f64,
    to: f64,
    retried: bool,
}

/// Most rows of the table.
const LISTED: usize = 400;

pub(crate) fn workers(facts: &Facts<'_>) -> Option<Markup> {
    let began = facts.chunks.iter().map(|c| c.run.started);
    let began = began
        .chain(facts.tracks.iter().map(|t| t.run.started))
        .min()?;
    let bars = unit_bars(facts, began);
    let failures: Vec<&FailureNote> = facts.failures.iter().filter(|f| f.at >= began).collect();
    let groups = facts.plan.groups.len();
    Some(html! {
        section.card id="encode" {
            h2 { "Chunks and workers" }
            p.soft {
                @for (index, rungs) in facts.plan.groups.iter().enumerate() {
                    (swatch(series(index))) " " (group_name(facts, rungs)) " "
                }
                @if !facts.tracks.is_empty() { (swatch(series(groups))) " audio and captions " }
                (swatch(BAD)) " failed and retried. One row is one execution environment."
            }
            (gantt(&bars, &failures, began))
            @if !failures.is_empty() {
                h3 { "Failed and retried" }
                (retries(&failures, began))
            }
            details {
                summary { "All work units" }
                (table(facts, began))
            }
        }
    })
}

fn group_name(facts: &Facts<'_>, rungs: &[usize]) -> String {
    let names = rungs.iter().filter_map(|r| facts.plan.video.get(*r));
    let names: Vec<String> = names
        .map(|v| v.path.trim_start_matches("video/").to_owned())
        .collect();
    names.join(", ")
}

fn unit_bars(facts: &Facts<'_>, began: UnixMillis) -> Vec<UnitBar> {
    let retried = |record: &str| facts.failures.iter().any(|f| f.record.ends_with(record));
    let mut found: Vec<(&WorkerRun, UnitBar)> = Vec::new();
    let bar = |short: String, group: usize, run: &WorkerRun, retried: bool| UnitBar {
        short,
        lane: 0,
        group,
        from: seconds(run.started.0 - began.0),
        to: seconds(run.ended.0 - began.0),
        retried,
    };
    for c in facts.chunks {
        let record = format!("chunks/{:05}-{}.json", c.chunk, c.group);
        let short = format!("{}", c.chunk);
        let unit = bar(short, c.group as usize, &c.run, retried(&record));
        found.push((&c.run, unit));
    }
    for t in facts.tracks {
        let path = &t.output.rendition;
        let record = format!("tracks/{}.json", path.replace('/', "_"));
        let short = path.rsplit('/').next().unwrap_or_default().to_owned();
        let group = facts.plan.groups.len();
        let unit = bar(short, group, &t.run, retried(&record));
        found.push((&t.run, unit));
    }
    found.sort_by_key(|(run, _)| run.started);
    let mut lanes: BTreeMap<&str, usize> = BTreeMap::new();
    for (run, unit) in &mut found {
        let next = lanes.len();
        unit.lane = *lanes.entry(&run.worker).or_insert(next);
    }
    found.into_iter().map(|(_, unit)| unit).collect()
}

fn gantt(bars: &[UnitBar], failures: &[&FailureNote], began: UnixMillis) -> Markup {
    let lanes = bars.iter().map(|p| p.lane + 1).max().unwrap_or(1);
    let lanes = lanes + usize::from(!failures.is_empty());
    // A thousand workers fit on a page.
    let lane = (1_600 / lanes).clamp(2, 24);
    let height = u32::try_from(lanes * lane).unwrap_or(u32::MAX) + 34;
    let about = format!(
        "{} work units on {lanes} workers in {:.1} seconds",
        bars.len(),
        bars.iter().map(|p| p.to).fold(0.0, f64::max)
    );
    let at = |note: &FailureNote| seconds(note.at.0 - began.0);
    let failed: Vec<f64> = failures.iter().map(|f| at(f)).collect();
    plot((1000, height), about, |area| {
        draw(area, bars, &failed, lanes, lane)
    })
}

fn draw(area: &Area<'_>, bars: &[UnitBar], failed: &[f64], lanes: usize, lane: usize) -> Drawn {
    let end = bars.iter().map(|p| p.to).chain(failed.iter().copied());
    let end = end.fold(1e-3, f64::max);
    let rows = lanes as f64;
    let mut chart = ChartBuilder::on(area)
        .margin(4)
        .margin_right(14)
        .x_label_area_size(22)
        .y_label_area_size(20)
        // The first worker is at the top.
        .build_cartesian_2d(0.0..end, rows..0.0)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .label_style(label())
        .x_labels(10)
        .y_labels(0)
        .x_label_formatter(&|s| clock(*s))
        .draw()?;
    for unit in bars {
        let top = unit.lane as f64;
        let corners = [(unit.from, top + 0.1), (unit.to, top + 0.9)];
        let fill = series(unit.group).filled();
        chart.draw_series([Rectangle::new(corners, fill)])?;
        if unit.retried {
            chart.draw_series([Rectangle::new(corners, BAD.stroke_width(3))])?;
        }
        if lane >= 12 && unit.to - unit.from > end / 40.0 {
            let style = ("sans-serif", 11).into_font().color(&WHITE);
            let at = (unit.from + end / 300.0, top + 0.28);
            chart.draw_series([Text::new(unit.short.clone(), at, style)])?;
        }
    }
    for at in failed {
        chart.draw_series([Cross::new((*at, rows - 0.5), 5, BAD.stroke_width(2))])?;
    }
    chart.draw_series(LineSeries::new([(0.0, rows), (end, rows)], INK))?;
    Ok(())
}

fn retries(failures: &[&FailureNote], began: UnixMillis) -> Markup {
    html! {
        div.wide { table {
            thead { tr { th { "After" } th { "Work unit" } th { "Error" } th { "Cause" } } }
            tbody {
                @for note in failures {
                    tr {
                        td.num { (clock(seconds(note.at.0 - began.0))) }
                        td { (note.item) } td { code { (note.error) } } td.long { (note.cause) }
                    }
                }
            }
        } }
    }
}

fn table(facts: &Facts<'_>, began: UnixMillis) -> Markup {
    let total = facts.chunks.len() + facts.tracks.len();
    html! {
        @if total > LISTED { p.soft { "The first " (LISTED) " of " (total) "." } }
        div.wide { table {
            thead { tr { th { "Work unit" } th { "Worker" } th.r { "Start" } th.r { "Seconds" } th.r { "Processor" } th.r { "Frames" } th.r { "× real time" } th.r { "Read" } } }
            tbody {
                @for chunk in facts.chunks.iter().take(LISTED) { (chunk_row(facts, chunk, began)) }
                @for track in facts.tracks.iter().take(LISTED) {
                    tr { td { (track.output.rendition) } (run_cells(&track.run, began)) td.r { "–" } td.r { "–" } td.r.num { (size(track.run.bytes_read.0)) } }
                }
            }
        } }
    }
}

fn chunk_row(facts: &Facts<'_>, chunk: &ChunkRecord, began: UnixMillis) -> Markup {
    let frames = chunk.frames.count();
    let media = facts.plan.frame_rate.duration_of(frames);
    let media = media.as_seconds(facts.plan.timescale);
    let took = seconds(chunk.run.ended.0 - chunk.run.started.0).max(1e-3);
    html! {
        tr {
            td { "chunk " (chunk.chunk) ", group " (chunk.group) }
            (run_cells(&chunk.run, began))
            td.r.num { (frames.0) }
            td.r.num { (format!("{:.2}", media / took)) }
            td.r.num { (size(chunk.run.bytes_read.0)) }
        }
    }
}

fn run_cells(run: &WorkerRun, began: UnixMillis) -> Markup {
    html! {
        td { code { (run.worker) } }
        td.r.num { (clock(seconds(run.started.0 - began.0))) }
        td.r.num { (format!("{:.2}", seconds(run.ended.0 - run.started.0))) }
        td.r.num { (format!("{:.2} s", seconds(i64::try_from(run.cpu_ms).unwrap_or(i64::MAX)))) }
    }
}

/// A bar that starts at `from` and is `length` long, both as shares of the width.
pub(crate) fn bar(from: f64, length: f64) -> Markup {
    let (x, width) = (
        from.clamp(0.0, 1.0) * 200.0,
        (length.clamp(0.0, 1.0) * 200.0).max(1.0),
    );
    html! {
        svg.bar viewBox="0 0 200 10" preserveAspectRatio="none" aria-hidden="true" {
            rect.track width="200" height="10" rx="3" {}
            rect.fill x=(format!("{x:.1}")) width=(format!("{width:.1}")) height="10" rx="3" {}
        }
    }
}

/// How long each state took, and the metrics of the whole.
pub(crate) fn states(facts: &Facts<'_>) -> Option<Markup> {
    let began = facts.states.iter().map(|s| s.entered).min()?;
    let end = facts.states.iter().map(|s| s.left).max()?;
    let whole = seconds(end.0 - began.0).max(1e-3);
    let retries: usize = facts.states.iter().map(|s| s.errors.len()).sum();
    Some(html! {
        section.card id="states" {
            h2 { "States" }
            p.soft { (facts.states.len()) " states in " (format!("{whole:.1} s")) ", " (retries) " errors." }
            div.wide { table {
                thead { tr { th { "State" } th.r { "After" } th.r { "Seconds" } th.r { "Share" } th.bars.broad {} th { "Errors" } } }
                tbody { @for state in facts.states { (state_row(state, began.0, whole)) } }
            } }
            @if let Some(metrics) = facts.metrics { (numbers(metrics)) }
        }
    })
}

fn state_row(state: &StateRun, began: i64, whole: f64) -> Markup {
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
    let (units, encode, read, state) = (&m.concurrency, &m.chunk_encode, &m.bytes_read, &m.state);
    let resumes = m.replay.resumes.iter().map(|r| match r.first_work_s {
        Some(after) => format!(
            "new work after {after:.1} s, {} work units reused",
            r.reused_pieces
        ),
        None => format!("no new work, {} work units reused", r.reused_pieces),
    });
    let resumes: Vec<String> = resumes.collect();
    html! {
        h3 { "Metrics" }
        dl.facts {
            dt { "Concurrency" }
            dd { "up to " (units.peak) " work units at once, " (format!("{:.1}", units.mean)) " on average, " (units.workers) " workers" }
            dt { "Time of a work unit" }
            dd { (format!("median {:.1} s, 95th percentile {:.1} s, longest {:.1} s", encode.median_s, encode.p95_s, encode.longest_s)) }
            dt { "Read from the mezzanine" }
            dd { (size(read.total)) ", " (size(read.per_piece)) " per work unit, " (format!("{:.2}", read.of_mezzanine.unwrap_or_default())) " times its size" }
            dt { "History" }
            dd { (state.events) " events, " (format!("{:.2}", state.events_per_piece)) " per work unit; state data at most " (size(state.largest_bytes)) }
            dt { "Checkpoints in S3" }
            dd { (size(state.checkpoint_bytes)) ", " (size(state.checkpoint_bytes_per_piece)) " per work unit" }
            @if !resumes.is_empty() { dt { "Resumptions" } dd { (resumes.join("; ")) } }
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_bar_never_leaves_its_track() {
        let svg = super::bar(0.5, 7.0).into_string();
        assert!(svg.contains(r#"x="100.0" width="200.0""#), "{svg}");
    }
}
