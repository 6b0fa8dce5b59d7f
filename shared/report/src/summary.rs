//! The top of the page: the verdict and the most important numbers.

use maud::{Markup, html};
use reelsmith_conformance::{Severity, Verdict};

use crate::Facts;
use crate::format::{clock, moment, seconds, size};

pub(crate) fn header(facts: &Facts<'_>) -> Markup {
    let episode = &facts.job.manifest.episode;
    let (class, verdict) = match (facts.failed, facts.conformance.map(|r| r.verdict)) {
        (Some(_), _) => ("badge bad", "FAILED"),
        (_, Some(Verdict::Pass)) => ("badge good", "PASS"),
        (_, Some(Verdict::Fail)) => ("badge bad", "FAIL"),
        (_, Some(Verdict::Unsupported)) => ("badge bad", "UNSUPPORTED"),
        (_, None) => ("badge warn", "IN PROGRESS"),
    };
    html! {
        header.head {
            p.soft { (episode.series_title) " · season " (episode.season_number) ", episode " (episode.episode_number) }
            h1 { (episode.episode_title) " " span class=(class) { (verdict) } }
            p.soft { code { (facts.job.asset.as_str()) " / " (facts.job.job_key.short()) } " · " (moment(facts.made)) }
            @if let Some(failed) = facts.failed {
                p.card.failed { b { code { (failed.error) } } " " span.long { (failed.cause) } }
            }
            @if facts.job.options.mock {
                p { span.badge.warn { "MOCK" } " Placeholders of the right size, rate and duration, not for viewers." }
            }
        }
        nav aria-label="Parts of this page" {
            @for (id, name) in parts(facts) { a href=(format!("#{id}")) { (name) } }
        }
        (tiles(facts))
    }
}

/// Id and name of the parts that this page has, in order.
fn parts(facts: &Facts<'_>) -> impl Iterator<Item = (&'static str, &'static str)> {
    let (worked, judged) = (
        !facts.chunks.is_empty() || !facts.tracks.is_empty(),
        facts.conformance.is_some(),
    );
    [
        (facts.storyboard.is_some(), "storyboard", "Storyboard"),
        (judged, "ladder", "Ladder"),
        (!facts.renditions.is_empty(), "rates", "Bit rates"),
        (crate::quality::is_measured(facts), "quality", "Quality"),
        (worked, "encode", "Workers"),
        (!facts.states.is_empty(), "states", "States"),
        (judged, "conformance", "Conformance"),
        (facts.estimate.is_some(), "cost", "Cost"),
        (true, "provenance", "Provenance"),
    ]
    .into_iter()
    .filter_map(|(there, id, name)| there.then_some((id, name)))
}

fn tiles(facts: &Facts<'_>) -> Markup {
    let plan = facts.plan;
    let programme = plan.duration().as_seconds(plan.timescale);
    let frames = match plan.clip {
        _ if plan.video.is_empty() => "audio alone".to_owned(),
        None => format!("{} frames", plan.total_frames.0),
        Some(clip) => format!(
            "{} frames, {} of {} in the mezzanine",
            plan.total_frames.0, clip.frames, clip.of.0
        ),
    };
    let runs = || facts.chunks.iter().map(|c| &c.run);
    let began = runs().map(|r| r.started.0).min();
    let ended = runs().map(|r| r.ended.0).max();
    let wall = began.zip(ended).map(|(b, e)| seconds(e - b).max(1e-3));
    html! {
        section.tiles aria-label="Summary" {
            (tile("Programme", &clock(programme), &frames))
            (tile("Renditions", &format!("{} video", plan.video.len()), &format!("{} audio, {} captions", plan.audio.len(), plan.text.len())))
            @if let Some(report) = facts.conformance {
                (tile("Output", &size(report.coverage.bytes), &format!("{} objects", report.coverage.objects)))
            }
            @if let Some(wall) = wall {
                (tile("Video encode", &format!("{wall:.1} s"), &format!("{:.2} × real time", programme / wall)))
                (tile("Work units", &(facts.chunks.len() + facts.tracks.len()).to_string(), &format!("{} chunks, {} retried", plan.chunks.len(), facts.failures.len())))
            }
            @if let Some(report) = facts.conformance {
                (tile("Findings", &format!("{} fail", report.count(Severity::Fail)),
                    &format!("{} warn, {} rules", report.warning_count(), report.rules_checked)))
            }
            @if let Some(metrics) = facts.metrics {
                (tile("Total time", &format!("{:.1} s", metrics.latency.seconds), "all states"))
            }
            @if let Some(estimate) = facts.estimate {
                (tile("Cost", &estimate.total.to_string(), "estimate at list prices"))
            }
        }
    }
}

fn tile(name: &str, value: &str, more: &str) -> Markup {
    html! { dl.card.tile { dt { (name) } dd { (value) small { (more) } } } }
}
