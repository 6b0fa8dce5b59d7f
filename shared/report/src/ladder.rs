//! The ladder: declared and measured rates, and the bit rate of every segment.

use maud::{Markup, html};
use plotters::prelude::*;
use reelsmith_conformance::RenditionSummary;
use reelsmith_core::plan::{Plan, VideoRendition};
use reelsmith_core::record::{RungOutput, SegmentRecord};
use reelsmith_core::time::{FrameCount, Ticks};

use crate::Facts;
use crate::execution::bar;
use crate::format::{Area, BAD, Drawn, GRID, INK, chart, clock, plot, rate, series, size, swatch};

pub(crate) fn table(facts: &Facts<'_>) -> Option<Markup> {
    let measured = &facts.conformance?.renditions;
    let kind = |wanted: &'static str| measured.iter().filter(move |r| r.kind == wanted);
    let most = kind("video").map(|r| r.peak).max().unwrap_or(1).max(1);
    Some(html! {
        section.card id="ladder" {
            h2 { "Ladder" }
            p.soft { "Declared: the variant in the multivariant playlist, with its audio. Measured: the segments of the rendition itself." }
            div.wide { table {
                thead { tr {
                    th { "Rendition" } th { "Codec" } th { "Picture" } th.r { "Cap" } th.r { "Declared peak" } th.r { "Measured peak" }
                    th.r { "Declared average" } th.r { "Measured average" } th.r { "Size" } th.bars {}
                } }
                tbody {
                    @for rendition in kind("video") { (video(facts, rendition, most)) }
                    @for rendition in kind("audio") { (other(rendition)) }
                    @for rendition in kind("text") { (other(rendition)) }
                }
            } }
        }
    })
}

fn folder(summary: &RenditionSummary) -> &str {
    let parts = summary.path.rsplit_once('/');
    parts.map_or("", |(folder, _)| folder)
}

fn planned<'a>(facts: &Facts<'a>, summary: &RenditionSummary) -> Option<&'a VideoRendition> {
    facts.plan.video.iter().find(|v| v.path == folder(summary))
}

fn declared(rate_of: Option<u64>) -> String {
    rate_of.map_or_else(|| "–".to_owned(), rate)
}

fn video(facts: &Facts<'_>, measured: &RenditionSummary, most: u64) -> Markup {
    let rung = planned(facts, measured).map(|v| &v.rung);
    let share = |bits: u64| bits as f64 / most as f64;
    html! {
        tr {
            td { b { (folder(measured)) } }
            td { code.num { (measured.codec) } }
            td.num { (measured.resolution) @if rung.is_some() { " · " (format!("{:.3}", facts.plan.frame_rate.as_f64()).trim_end_matches('0').trim_end_matches('.')) " fps" } }
            td.r.num { @match rung { Some(rung) => (rate(rung.max_bitrate.0)), None => "–" } }
            td.r.num { (declared(measured.declared_peak)) }
            td.r.num { (rate(measured.peak)) }
            td.r.num { (declared(measured.declared_average)) }
            td.r.num { (rate(measured.average)) }
            td.r.num { (size(measured.bytes)) }
            td.bars title="measured average" { (bar(0.0, share(measured.average))) }
        }
    }
}

fn other(measured: &RenditionSummary) -> Markup {
    let ticks = measured.timescale.max(1);
    let seconds = measured.duration as f64 / f64::from(ticks);
    html! {
        tr {
            td { b { (folder(measured)) } }
            td { code.num { (measured.codec) } }
            td.num { @if measured.samples > 0 { (clock(seconds)) } @else { (measured.segments) " segments" } }
            td.r { "–" } td.r { "–" }
            td.r.num { @if measured.peak >= 1_000 { (rate(measured.peak)) } @else { "–" } }
            td.r { "–" }
            td.r.num { @if measured.average >= 1_000 { (rate(measured.average)) } @else { "–" } }
            td.r.num { (size(measured.bytes)) }
            td.bars {}
        }
    }
}

/// The bit rate of every segment of every video rendition.
pub(crate) fn rates(facts: &Facts<'_>) -> Option<Markup> {
    let plots: Vec<Markup> = facts
        .plan
        .video
        .iter()
        .enumerate()
        .filter_map(|(index, rendition)| {
            let record = facts.renditions.iter();
            let mut record = record.filter(|r| r.output.rendition == rendition.path);
            Some(rate_plot(
                facts.plan,
                rendition,
                &record.next()?.output,
                index,
            ))
        })
        .collect();
    (!plots.is_empty()).then(|| {
        html! {
            section.card id="rates" {
                h2 { "Bit rate of every segment" }
                p.soft {
                    (swatch(BAD)) " cap of the rung " (swatch(GRID)) " boundaries of chunks. "
                    "A single segment may exceed the cap; the decoder's buffer never does."
                }
                @for plot in &plots { (plot) }
            }
        }
    })
}

/// Average rate of a segment in Mbit/s.
fn megabits(segment: &SegmentRecord, output: &RungOutput) -> f64 {
    let rate = segment.size.rate_over(segment.duration, output.timescale);
    let bits = rate.map_or(0.0, |r| r.0 as f64);
    bits / 1e6
}

fn rate_plot(plan: &Plan, rendition: &VideoRendition, output: &RungOutput, index: usize) -> Markup {
    let segments = &output.segments;
    let peak = segments.iter().map(|s| megabits(s, output));
    let peak = peak.fold(0.0, f64::max);
    let rung = &rendition.rung;
    let about = format!(
        "{}: {} segments, at most {:.2} Mbit/s, cap {}",
        rendition.path,
        segments.len(),
        peak,
        rate(rung.max_bitrate.0)
    );
    html! {
        h3 { (rendition.path) " " span.soft { (segments.len()) " segments, peak " (format!("{peak:.2}")) " Mbit/s, cap " (rate(rung.max_bitrate.0)) } }
        (plot((1000, 170), about, |area| draw_rates(area, plan, rendition, output, peak, index)))
    }
}

fn draw_rates(
    area: &Area<'_>,
    plan: &Plan,
    rendition: &VideoRendition,
    output: &RungOutput,
    peak: f64,
    index: usize,
) -> Drawn {
    let seconds = |ticks| Ticks(ticks).as_seconds(output.timescale);
    let end = output.segments.last();
    let end = end
        .map_or(1.0, |s| seconds(s.start.0 + s.duration.0))
        .max(1e-3);
    let cap = rendition.rung.max_bitrate.0 as f64 / 1e6;
    let top = (peak.max(cap) * 1.1).max(1e-3);
    let (time, megabits_label) = (|s: &f64| clock(*s), |m: &f64| format!("{m:.1} Mbit/s"));
    let mut chart = chart(area, 0.0..end, 0.0..top, &time, &megabits_label)?;
    for chunk in plan.chunks.iter().skip(1) {
        let frames = FrameCount(chunk.frames.start);
        let at = plan.frame_rate.duration_of(frames);
        let at = at.as_seconds(plan.timescale);
        chart.draw_series(LineSeries::new([(at, 0.0), (at, top)], GRID))?;
    }
    let steps = output.segments.iter().flat_map(|s| {
        let (from, to) = (seconds(s.start.0), seconds(s.start.0 + s.duration.0));
        let rate = megabits(s, output);
        [(from, rate), (to, rate)]
    });
    chart.draw_series(LineSeries::new(steps, series(index).stroke_width(2)))?;
    chart.draw_series(LineSeries::new([(0.0, cap), (end, cap)], BAD))?;
    // The axis is drawn last, so that nothing hides it.
    chart.draw_series(LineSeries::new([(0.0, 0.0), (end, 0.0)], INK))?;
    Ok(())
}
