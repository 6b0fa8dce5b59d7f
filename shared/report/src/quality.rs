//! How good pictures and sound are: scores of each chunk, and loudness by EBU R 128.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};
use plotters::prelude::*;
use reelsmith_core::comparison::{PictureComparison, Scores};
use reelsmith_core::record::Loudness;
use reelsmith_core::time::{FrameCount, FrameRange};

use crate::format::{Area, BAD, Drawn, chart, clock, plot, series};
use crate::{Facts, WorstPicture};

/// One chunk of a rendition whose pictures were compared.
struct Compared<'a> {
    frames: FrameRange,
    found: &'a PictureComparison,
}

impl Compared<'_> {
    fn ssim(&self) -> Option<&Scores> {
        Some(&self.found.samples.as_ref()?.ssim)
    }

    /// Whether the rules object to the chunk.
    fn is_wrong(&self) -> bool {
        let altered = self.found.samples.as_ref().is_some_and(|s| s.altered > 0);
        altered || self.found.damaged || self.found.unlike_count > 0
    }
}

/// The compared chunks of a rendition in the order of time.
fn compared<'a>(facts: &Facts<'a>, rendition: &str) -> Vec<Compared<'a>> {
    let chunks = facts.chunks.iter().flat_map(|chunk| {
        let pairs = chunk.outputs.iter().zip(&chunk.pictures);
        let own = pairs.filter(|(output, _)| output.rendition == rendition);
        own.map(|(_, found)| Compared {
            frames: chunk.frames,
            found,
        })
    });
    let mut chunks: Vec<Compared<'_>> = chunks.collect();
    chunks.sort_by_key(|c| c.frames.start);
    chunks
}

/// Whether pictures were compared with the mezzanine's.
pub(crate) fn is_measured(facts: &Facts<'_>) -> bool {
    facts.chunks.iter().any(|c| !c.pictures.is_empty())
}

pub(crate) fn scores(facts: &Facts<'_>) -> Option<Markup> {
    is_measured(facts).then(|| {
        html! {
            section.card id="quality" {
                h2 { "Pictures, compared with the mezzanine" }
                p.soft { "SSIM of the frames that were compared in full. The strong line is the mean of each chunk, the light one its worst \
                    frame, and the mark is the worst second." }
                @for (index, rendition) in facts.plan.video.iter().enumerate() {
                    (one(facts, &rendition.path, index))
                }
            }
        }
    })
}

fn one(facts: &Facts<'_>, rendition: &str, index: usize) -> Markup {
    let chunks = compared(facts, rendition);
    let scores = || chunks.iter().filter_map(Compared::ssim);
    let lowest = scores().map(|s| s.lowest).min_by_key(|l| l.value);
    let second = scores().map(|s| s.worst_second).min_by_key(|w| w.value);
    let picture = facts.pictures.iter().find(|p| p.rendition == rendition);
    let frames: u64 = chunks.iter().map(|c| c.found.frames).sum();
    let wrong = chunks.iter().filter(|c| c.is_wrong()).count();
    let about = format!("SSIM of {} chunks of {rendition}", chunks.len());
    html! {
        h3 { (rendition) " " span.soft { (frames) " frames compared"
            @if let Some(lowest) = lowest { ", lowest SSIM " (decimal(lowest.value)) " at " (time(facts, lowest.frame)) }
            @if let Some(second) = second { ", worst second " (decimal(second.value)) " at " (time(facts, second.frame)) }
            @if wrong > 0 { ", " b { (wrong) " chunks differ from the mezzanine" } }
        } }
        @if scores().next().is_some() {
            (plot((1000, 140), about, |area| draw(area, facts, &chunks, index)))
        }
        @if let Some(picture) = picture {
            p.soft { "The mezzanine and the rendition at " (time(facts, picture.frame)) ":" }
            (embed(picture))
        }
    }
}

fn embed(picture: &WorstPicture) -> Markup {
    let source = format!("data:image/jpeg;base64,{}", STANDARD.encode(&picture.jpeg));
    let about = format!(
        "the mezzanine on the left, {} on the right",
        picture.rendition
    );
    html! { img src=(source) alt=(about) style="max-width:100%"; }
}

fn time(facts: &Facts<'_>, frame: u64) -> String {
    clock(seconds_of(facts, frame))
}

fn seconds_of(facts: &Facts<'_>, frame: u64) -> f64 {
    let rate = facts.plan.frame_rate;
    rate.duration_of(FrameCount(frame))
        .as_seconds(rate.timescale())
}

fn decimal(ten_thousandths: i64) -> String {
    format!("{:.4}", ten_thousandths as f64 / 10_000.0)
}

fn draw(area: &Area<'_>, facts: &Facts<'_>, chunks: &[Compared<'_>], index: usize) -> Drawn {
    let score = |value: i64| value as f64 / 10_000.0;
    let point = |c: &Compared<'_>, value: i64| (seconds_of(facts, c.frames.start), score(value));
    let scored = chunks.iter().filter_map(|c| Some((c, c.ssim()?)));
    let lowest: Vec<(f64, f64)> = scored
        .clone()
        .map(|(c, s)| point(c, s.lowest.value))
        .collect();
    let means: Vec<(f64, f64)> = scored.clone().map(|(c, s)| point(c, s.mean)).collect();
    let least = lowest.iter().map(|(_, s)| *s).fold(1.0, f64::min);
    let bottom = (least - (1.0 - least) * 0.2 - 0.01).max(0.0);
    let end = seconds_of(facts, facts.plan.total_frames.0).max(0.001);
    let at = |s: &f64| clock(*s);
    let mut chart = chart(area, 0.0..end, bottom..1.0, &at, &|s| format!("{s:.2}"))?;
    // A chunk lasts until the next one begins.
    let steps = |points: &[(f64, f64)]| -> Vec<(f64, f64)> {
        let ends = points.iter().skip(1).map(|p| p.0).chain([end]);
        points
            .iter()
            .zip(ends)
            .flat_map(|((from, s), to)| [(*from, *s), (to, *s)])
            .collect()
    };
    let colour = series(index);
    chart.draw_series(LineSeries::new(steps(&lowest), colour.mix(0.45)))?;
    chart.draw_series(LineSeries::new(steps(&means), colour.stroke_width(2)))?;
    let worst = scored.map(|(_, s)| s.worst_second).min_by_key(|w| w.value);
    let mark = worst.map(|w| {
        Circle::new(
            (seconds_of(facts, w.frame), score(w.value)),
            5,
            BAD.filled(),
        )
    });
    chart.draw_series(mark)?;
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
