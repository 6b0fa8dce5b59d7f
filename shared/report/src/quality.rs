//! How good each chunk looks, where it was measured.

use maud::{Markup, html};
use plotters::prelude::*;
use reelsmith_conformance::{Metric, Quality};

use crate::Facts;
use crate::plot::{Area, BAD, Drawn, GRID, label, plot, series};

pub fn section(facts: &Facts<'_>) -> Option<Markup> {
    let measured: Vec<&Quality> = facts
        .quality
        .iter()
        .filter(|q| !q.chunks.is_empty())
        .collect();
    (!measured.is_empty()).then(|| {
        html! {
            section.card id="quality" {
                h2 { "Quality of every chunk" }
                @for (index, quality) in measured.iter().enumerate() { (one(quality, index)) }
            }
        }
    })
}

fn name(metric: Metric) -> &'static str {
    match metric {
        Metric::Vmaf => "VMAF",
        Metric::Ssim => "SSIM",
    }
}

/// A score as people know it: VMAF of 100, SSIM of 1.
fn score(metric: Metric, units: u32) -> f64 {
    match metric {
        Metric::Vmaf => f64::from(units) / 100.0,
        Metric::Ssim => f64::from(units) / 10_000.0,
    }
}

fn one(quality: &Quality, index: usize) -> Markup {
    let scores: Vec<f64> = quality
        .chunks
        .iter()
        .map(|c| score(quality.metric, c.score))
        .collect();
    let least = scores.iter().copied().fold(f64::INFINITY, f64::min);
    let about = format!(
        "{} of {} chunks of {}, least {least:.3}",
        name(quality.metric),
        scores.len(),
        quality.rendition
    );
    html! {
        h3 { (quality.rendition) " " span.soft { (name(quality.metric)) ", least " (format!("{least:.3}")) } }
        (plot((1000, 140), about, |area| draw(area, quality, &scores, index)))
    }
}

fn draw(area: &Area<'_>, quality: &Quality, scores: &[f64], index: usize) -> Drawn {
    let top = score(quality.metric, 10_000);
    let floor = quality.floor.map(|f| score(quality.metric, f));
    let least = scores.iter().copied().chain(floor).fold(top, f64::min);
    let bottom = (least - (top - least) * 0.2 - top * 0.01).max(0.0);
    #[expect(clippy::cast_precision_loss, reason = "for showing only")]
    let end = scores.len() as f64;
    let mut chart = ChartBuilder::on(area)
        .margin(4)
        .margin_right(14)
        .x_label_area_size(22)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..end, bottom..top)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .label_style(label())
        .y_labels(4)
        .x_label_formatter(&|c| format!("chunk {c:.0}"))
        .draw()?;
    let bars = (0u32..).zip(scores).map(|(n, score)| {
        let at = f64::from(n);
        Rectangle::new(
            [(at + 0.1, bottom), (at + 0.9, *score)],
            series(index).filled(),
        )
    });
    chart.draw_series(bars)?;
    if let Some(floor) = floor {
        chart.draw_series(LineSeries::new([(0.0, floor), (end, floor)], BAD))?;
    }
    Ok(())
}
