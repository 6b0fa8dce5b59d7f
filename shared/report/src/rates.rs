//! The bit rate of every segment of every video rendition.

use maud::{Markup, html};
use plotters::prelude::*;
use reelsmith_core::plan::{Plan, VideoRendition};
use reelsmith_core::record::{RungOutput, SegmentRecord};

use crate::format::{clock, rate};
use crate::plot::{BAD, Drawn, GRID, INK, label, plot, series, swatch};
use crate::{Facts, plot::Area};

const SIZE: (u32, u32) = (1000, 170);

pub fn section(facts: &Facts<'_>) -> Option<Markup> {
    let plots: Vec<Markup> = facts
        .plan
        .video
        .iter()
        .enumerate()
        .filter_map(|(index, rendition)| {
            let record = facts.renditions.iter();
            let mut record = record.filter(|r| r.output.rendition == rendition.path);
            Some(one(facts.plan, rendition, &record.next()?.output, index))
        })
        .collect();
    (!plots.is_empty()).then(|| {
        html! {
            section.card id="rates" {
                h2 { "Bit rate of every segment" }
                p.soft {
                    (swatch(BAD)) " the rung's cap " (swatch(GRID)) " joins of chunks, where two workers' outputs meet. "
                    "A capped rung may exceed its cap in a segment, never over its buffer."
                }
                @for plot in &plots { (plot) }
            }
        }
    })
}

/// Average rate of a segment in Mbit/s.
fn megabits(segment: &SegmentRecord, output: &RungOutput) -> f64 {
    let rate = segment.size.rate_over(segment.duration, output.timescale);
    #[expect(clippy::cast_precision_loss, reason = "for showing only")]
    let bits = rate.map_or(0.0, |r| r.0 as f64);
    bits / 1e6
}

fn one(plan: &Plan, rendition: &VideoRendition, output: &RungOutput, index: usize) -> Markup {
    let segments = &output.segments;
    let peak = segments
        .iter()
        .map(|s| megabits(s, output))
        .fold(0.0, f64::max);
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
        (plot(SIZE, about, |area| draw(area, plan, rendition, output, peak, index)))
    }
}

fn draw(
    area: &Area<'_>,
    plan: &Plan,
    rendition: &VideoRendition,
    output: &RungOutput,
    peak: f64,
    index: usize,
) -> Drawn {
    let seconds = |ticks| reelsmith_core::time::Ticks(ticks).as_seconds(output.timescale);
    let end = output.segments.last();
    let end = end
        .map_or(1.0, |s| seconds(s.start.0 + s.duration.0))
        .max(1e-3);
    #[expect(clippy::cast_precision_loss, reason = "for showing only")]
    let cap = rendition.rung.max_bitrate.0 as f64 / 1e6;
    let top = (peak.max(cap) * 1.1).max(1e-3);
    let mut chart = ChartBuilder::on(area)
        .margin(4)
        .margin_right(14)
        .x_label_area_size(22)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..end, 0.0..top)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .label_style(label())
        .x_labels(9)
        .y_labels(4)
        .x_label_formatter(&|s| clock(*s))
        .y_label_formatter(&|m| format!("{m:.1} Mbit/s"))
        .draw()?;
    for chunk in plan.chunks.iter().skip(1) {
        let frames = reelsmith_core::time::FrameCount(chunk.frames.start);
        let at = plan
            .frame_rate
            .duration_of(frames)
            .as_seconds(plan.timescale);
        chart.draw_series(LineSeries::new([(at, 0.0), (at, top)], GRID))?;
    }
    let steps = output.segments.iter().flat_map(|s| {
        let (from, to) = (seconds(s.start.0), seconds(s.start.0 + s.duration.0));
        let rate = megabits(s, output);
        [(from, rate), (to, rate)]
    });
    chart.draw_series(LineSeries::new(steps, series(index).stroke_width(2)))?;
    chart.draw_series(LineSeries::new([(0.0, cap), (end, cap)], BAD))?;
    // The axis' own line, last, so that nothing hides it.
    chart.draw_series(LineSeries::new([(0.0, 0.0), (end, 0.0)], INK))?;
    Ok(())
}
