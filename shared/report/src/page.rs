//! The page around its parts.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::{
    Facts, encode, findings, ladder, provenance, quality, rates, run, sound, storyboard, summary,
};

const STYLE: &str = include_str!("page.css");

pub fn page(facts: &Facts<'_>) -> Markup {
    let episode = &facts.job.manifest.episode;
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                title { (episode.episode_title) " · " (episode.series_title) " · reelsmith report" }
                style { (PreEscaped(STYLE)) }
            }
            body { main {
                (summary::header(facts))
                @if let Some(part) = storyboard::section(facts) { (part) }
                @if let Some(part) = ladder::section(facts) { (part) }
                @if let Some(part) = rates::section(facts) { (part) }
                @if let Some(part) = quality::section(facts) { (part) }
                @if let Some(part) = encode::section(facts) { (part) }
                @if let Some(part) = run::section(facts) { (part) }
                @if let Some(part) = sound::section(facts) { (part) }
                @if let Some(part) = findings::section(facts) { (part) }
                @if let Some(part) = provenance::cost(facts) { (part) }
                (provenance::section(facts))
                footer.soft { "Made by reelsmith. Times are of the machines that ran; rates are of the bytes that are stored." }
            } }
        }
    }
}
