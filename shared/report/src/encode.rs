//! When each piece of work ran, and on which worker.

use std::collections::BTreeMap;

use maud::{Markup, html};
use plotters::prelude::*;
use reelsmith_core::record::{ChunkRecord, FailureNote, WorkerRun};
use reelsmith_core::time::UnixMillis;

use crate::Facts;
use crate::format::{clock, seconds, size};
use crate::plot::{Area, BAD, Drawn, GRID, INK, label, plot, series, swatch};

/// One piece of work as a bar.
struct Piece {
    /// Within the bar: the number of the chunk, or the track.
    short: String,
    lane: usize,
    group: usize,
    from: f64,
    to: f64,
    retried: bool,
}

/// Rows below the table that are listed; a film has hundreds.
const LISTED: usize = 400;

pub fn section(facts: &Facts<'_>) -> Option<Markup> {
    let began = facts.chunks.iter().map(|c| c.run.started);
    let began = began
        .chain(facts.tracks.iter().map(|t| t.run.started))
        .min()?;
    let pieces = pieces(facts, began);
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
                (swatch(BAD)) " failed and tried again. One row is one execution environment."
            }
            (gantt(&pieces, &failures, began))
            @if !failures.is_empty() {
                h3 { "Given up and tried again" }
                (retries(&failures, began))
            }
            details {
                summary { "Every piece of work" }
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

fn pieces(facts: &Facts<'_>, began: UnixMillis) -> Vec<Piece> {
    let retried = |record: &str| facts.failures.iter().any(|f| f.record.ends_with(record));
    let mut found: Vec<(&WorkerRun, Piece)> = Vec::new();
    let piece = |short: String, group: usize, run: &WorkerRun, retried: bool| Piece {
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
        let made = piece(short, c.group as usize, &c.run, retried(&record));
        found.push((&c.run, made));
    }
    for t in facts.tracks {
        let path = &t.output.rendition;
        let record = format!("tracks/{}.json", path.replace('/', "_"));
        let short = path.rsplit('/').next().unwrap_or_default().to_owned();
        let group = facts.plan.groups.len();
        let made = piece(short, group, &t.run, retried(&record));
        found.push((&t.run, made));
    }
    found.sort_by_key(|(run, _)| run.started);
    let mut lanes: BTreeMap<&str, usize> = BTreeMap::new();
    for (run, piece) in &mut found {
        let next = lanes.len();
        piece.lane = *lanes.entry(&run.worker).or_insert(next);
    }
    found.into_iter().map(|(_, piece)| piece).collect()
}

fn gantt(pieces: &[Piece], failures: &[&FailureNote], began: UnixMillis) -> Markup {
    let lanes = pieces.iter().map(|p| p.lane + 1).max().unwrap_or(1);
    let lanes = lanes + usize::from(!failures.is_empty());
    // A thousand workers still fit on a page.
    let lane = (1_600 / lanes).clamp(2, 24);
    let height = u32::try_from(lanes * lane).unwrap_or(u32::MAX) + 34;
    let about = format!(
        "{} pieces of work on {lanes} workers in {:.1} seconds",
        pieces.len(),
        pieces.iter().map(|p| p.to).fold(0.0, f64::max)
    );
    let at = |note: &FailureNote| seconds(note.at.0 - began.0);
    let failed: Vec<f64> = failures.iter().map(|f| at(f)).collect();
    plot((1000, height), about, |area| {
        draw(area, pieces, &failed, lanes, lane)
    })
}

fn draw(area: &Area<'_>, pieces: &[Piece], failed: &[f64], lanes: usize, lane: usize) -> Drawn {
    let end = pieces.iter().map(|p| p.to).chain(failed.iter().copied());
    let end = end.fold(1e-3, f64::max);
    #[expect(clippy::cast_precision_loss, reason = "for showing only")]
    let rows = lanes as f64;
    let mut chart = ChartBuilder::on(area)
        .margin(4)
        .margin_right(14)
        .x_label_area_size(22)
        .y_label_area_size(20)
        // The first worker is on top.
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
    for piece in pieces {
        #[expect(clippy::cast_precision_loss, reason = "for showing only")]
        let top = piece.lane as f64;
        let corners = [(piece.from, top + 0.1), (piece.to, top + 0.9)];
        let fill = series(piece.group).filled();
        chart.draw_series([Rectangle::new(corners, fill)])?;
        if piece.retried {
            chart.draw_series([Rectangle::new(corners, BAD.stroke_width(3))])?;
        }
        if lane >= 12 && piece.to - piece.from > end / 40.0 {
            let style = ("sans-serif", 11).into_font().color(&WHITE);
            let at = (piece.from + end / 300.0, top + 0.28);
            chart.draw_series([Text::new(piece.short.clone(), at, style)])?;
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
            thead { tr { th { "After" } th { "Piece" } th { "Error" } th { "Cause" } } }
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
            thead { tr { th { "Piece" } th { "Worker" } th.r { "Start" } th.r { "Seconds" } th.r { "Processor" } th.r { "Frames" } th.r { "× real time" } th.r { "Read" } } }
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

/// A bar from a share of the width on, of a share of the width.
pub fn bar(from: f64, length: f64) -> Markup {
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

#[cfg(test)]
mod tests {
    #[test]
    fn a_bar_never_leaves_its_track() {
        let svg = super::bar(0.5, 7.0).into_string();
        assert!(svg.contains(r#"x="100.0" width="200.0""#), "{svg}");
    }
}
