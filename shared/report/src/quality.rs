//! How good pictures and sound are: scores of each chunk, and loudness by EBU R 128.

use maud::{Markup, html};
use plotters::prelude::*;
use reelsmith_conformance::{Metric, Quality};
use reelsmith_core::record::Loudness;

use crate::Facts;
use crate::format::{Area, BAD, Drawn, chart, plot, series};

pub(crate) fn scores(facts: &Facts<'_>) -> Option<Markup> {
    let measured = facts.quality.iter().filter(|q| !q.chunks.is_empty());
    let measured: Vec<&Quality> = measured.collect();
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

/// A score on its usual scale: VMAF up to 100, SSIM up to 1.
fn score(metric: Metric, units: u32) -> f64 {
    match metric {
        Metric::Vmaf => f64::from(units) / 100.0,
        Metric::Ssim => f64::from(units) / 10_000.0,
    }
}

fn one(quality: &Quality, index: usize) -> Markup {
    let scores = quality.chunks.iter();
    let scores: Vec<f64> = scores.map(|c| score(quality.metric, c.score)).collect();
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
    let end = scores.len() as f64;
    let chunk = |n: &f64| format!("chunk {n:.0}");
    let mut chart = chart(area, 0.0..end, bottom..top, &chunk, &|s| s.to_string())?;
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

pub(crate) fn loudness(facts: &Facts<'_>) -> Option<Markup> {
    let levels = facts.tracks.iter();
    let levels = levels.filter_map(|t| Some((t.output.rendition.as_str(), t.loudness.as_ref()?)));
    let levels: Vec<(&str, &Loudness)> = levels.collect();
    if levels.is_empty() {
        return None;
    }
    let target = facts.job.profile.audio.loudness_lufs;
    Some(html! {
        section.card id="loudness" {
            h2 { "Loudness" }
            p.soft { "EBU R 128 over the whole programme. Target " (format!("{target:.1}")) " LUFS, true peak at most "
                (format!("{:.1}", facts.job.profile.audio.true_peak_dbtp)) " dBTP." }
            div.wide { table {
                thead { tr { th { "Track" } th.r { "Source" } th.r { "Source true peak" } th.r { "Gain" } th.r { "Result" } th.r { "Result true peak" } } }
                tbody { @for (name, level) in levels { (row(name, level)) } }
            } }
        }
    })
}

fn row(name: &str, level: &Loudness) -> Markup {
    let shown = |value: Option<f64>, unit: &str| {
        value.map_or_else(|| "silent".to_owned(), |v| format!("{v:.1} {unit}"))
    };
    // A record of an older build has no measured result, but source and gain.
    let computed = level.source_lufs.map(|l| l + level.gain_db);
    let after = level.result_lufs.or(computed);
    html! {
        tr {
            td { b { (name) } }
            td.r.num { (shown(level.source_lufs, "LUFS")) }
            td.r.num { (shown(level.source_peak_dbtp, "dBTP")) }
            td.r.num { (format!("{:+.1} dB", level.gain_db)) }
            td.r.num { (shown(after, "LUFS")) }
            td.r.num { @match level.result_peak_dbtp { Some(peak) => (format!("{peak:.1} dBTP")), None => "–" } }
        }
    }
}
