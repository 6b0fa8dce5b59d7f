//! The top of the page: the verdict, and the numbers people ask for first.

use maud::{Markup, html};
use reelsmith_conformance::{Severity, Verdict};

use crate::Facts;
use crate::format::{clock, moment, seconds, size};

pub fn header(facts: &Facts<'_>) -> Markup {
    let episode = &facts.job.manifest.episode;
    let (class, verdict) = match facts.conformance.verdict {
        Verdict::Pass => ("badge good", "PASS"),
        Verdict::Fail => ("badge bad", "FAIL"),
    };
    html! {
        header.head {
            p.soft { (episode.series_title) " · season " (episode.season_number) ", episode " (episode.episode_number) }
            h1 { (episode.episode_title) " " span class=(class) { (verdict) } }
            p.soft { code { (facts.job.asset.as_str()) " / " (facts.job.job_key.short()) } " · " (moment(facts.made)) }
            @if facts.job.options.mock {
                p { span.badge.warn { "MOCK" } " Placeholders of the right size, rate and duration: nothing here is for viewers." }
            }
        }
        nav aria-label="Parts of this page" {
            a href="#ladder" { "Ladder" } a href="#rates" { "Bit rates" }
            @if !facts.chunks.is_empty() { a href="#encode" { "Workers" } }
            a href="#conformance" { "Conformance" }
            @if facts.estimate.is_some() { a href="#cost" { "Cost" } }
            a href="#provenance" { "Provenance" }
        }
        (tiles(facts))
    }
}

fn tiles(facts: &Facts<'_>) -> Markup {
    let plan = facts.plan;
    let programme = plan.duration().as_seconds(plan.timescale);
    let runs = || facts.chunks.iter().map(|c| &c.run);
    let began = runs().map(|r| r.started.0).min();
    let ended = runs().map(|r| r.ended.0).max();
    let wall = began.zip(ended).map(|(b, e)| seconds(e - b).max(1e-3));
    let report = facts.conformance;
    let (fails, warns) = (report.count(Severity::Fail), report.count(Severity::Warn));
    html! {
        section.tiles aria-label="In short" {
            (tile("Programme", &clock(programme), &format!("{} frames", plan.total_frames.0)))
            (tile("Renditions", &format!("{} video", plan.video.len()), &format!("{} audio, {} captions", plan.audio.len(), plan.text.len())))
            (tile("Output", &size(report.coverage.bytes), &format!("{} objects", report.coverage.objects)))
            @if let Some(wall) = wall {
                (tile("Video encode", &format!("{wall:.1} s"), &format!("{:.2} × real time", programme / wall)))
                (tile("Pieces of work", &(facts.chunks.len() + facts.tracks.len()).to_string(), &format!("{} chunks, {} retried", plan.chunks.len(), facts.failures.len())))
            }
            (tile("Findings", &format!("{fails} fail"), &format!("{warns} warn, {} rules", report.rules_checked)))
            @if let Some(estimate) = facts.estimate {
                (tile("Cost", &estimate.total.to_string(), "estimate at list prices"))
            }
        }
    }
}

fn tile(name: &str, value: &str, more: &str) -> Markup {
    html! { dl.card.tile { dt { (name) } dd { (value) small { (more) } } } }
}
