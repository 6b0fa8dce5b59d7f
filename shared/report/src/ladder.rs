//! The ladder: what was declared against what was measured.

use maud::{Markup, html};
use reelsmith_conformance::RenditionSummary;
use reelsmith_core::plan::VideoRendition;

use crate::Facts;
use crate::encode::bar;
use crate::format::{clock, rate, size};

pub fn section(facts: &Facts<'_>) -> Option<Markup> {
    let measured = &facts.conformance?.renditions;
    let kind = |wanted: &'static str| measured.iter().filter(move |r| r.kind == wanted);
    let most = kind("video").map(|r| r.peak).max().unwrap_or(1).max(1);
    Some(html! {
        section.card id="ladder" {
            h2 { "Ladder" }
            p.soft { "Declared is what the multivariant playlist says of the variant, audio counted in. Measured is this rendition's own segments." }
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
    summary
        .path
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder)
}

fn planned<'a>(facts: &Facts<'a>, summary: &RenditionSummary) -> Option<&'a VideoRendition> {
    facts.plan.video.iter().find(|v| v.path == folder(summary))
}

fn declared(rate_of: Option<u64>) -> String {
    rate_of.map_or_else(|| "–".to_owned(), rate)
}

fn video(facts: &Facts<'_>, measured: &RenditionSummary, most: u64) -> Markup {
    let rung = planned(facts, measured).map(|v| &v.rung);
    #[expect(clippy::cast_precision_loss, reason = "for showing only")]
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
    #[expect(clippy::cast_precision_loss, reason = "for showing only")]
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
