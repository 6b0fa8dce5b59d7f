//! `report.html`: what a job produced, how, when and at what cost, on one page.
//!
//! The page needs no network and no script; its plots are SVG within it. The crate is pure: equal [`Facts`] give equal
//! bytes. [`maud`] escapes all text that people wrote, such as titles. [`metrics`] holds the numbers that
//! `reelsmith report` prints as well.

mod execution;
mod findings;
mod format;
mod ladder;
pub mod metrics;
mod provenance;
mod quality;
mod storyboard;
mod summary;

use bytes::Bytes;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use metrics::Metrics;
use reelsmith_conformance::Report;
use reelsmith_core::cost::Estimate;
use reelsmith_core::job::Job;
use reelsmith_core::keys::Generation;
use reelsmith_core::plan::Plan;
use reelsmith_core::probe::{Inspection, Verification};
use reelsmith_core::record::{
    ChunkRecord, FailureNote, ImagesRecord, RenditionRecord, TrackRecord,
};
use reelsmith_core::time::UnixMillis;

/// The thumbnails of a job as `make-images` wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storyboard {
    /// The grid of the sheets, and the time between thumbnails.
    pub record: ImagesRecord,
    /// The JPEGs of the sheets, from the first on; later ones may be missing.
    pub sheets: Vec<Bytes>,
}

/// The worst compared picture of a video rendition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorstPicture {
    /// Folder of the rendition.
    pub rendition: String,
    pub frame: u64,
    /// The mezzanine's picture on the left, the rendition's on the right.
    pub jpeg: Bytes,
}

/// A state of the state machine while it ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRun {
    pub name: String,
    /// 1 for a state within a branch of another, else 0.
    pub depth: usize,
    pub entered: UnixMillis,
    pub left: UnixMillis,
    /// The errors of its attempts, in order; all but the last were retried.
    pub errors: Vec<String>,
}

/// Why a job has no output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Stable name of the error.
    pub error: String,
    /// What was expected and found, where, and what to do.
    pub cause: String,
}

/// Everything that the page shows. The page omits a part if its facts are empty or `None`.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub job: &'a Job,
    pub generation: Generation,
    /// What was found in the mezzanine.
    pub inspection: &'a Inspection,
    /// Checksums of the mezzanine, once it is verified.
    pub verification: Option<&'a Verification>,
    pub plan: &'a Plan,
    /// Every video and audio rendition with its segments.
    pub renditions: &'a [RenditionRecord],
    pub chunks: &'a [ChunkRecord],
    pub tracks: &'a [TrackRecord],
    /// Notes of workers that failed.
    pub failures: &'a [FailureNote],
    /// Measurements and findings, once the output is packaged.
    pub conformance: Option<&'a Report>,
    pub failed: Option<&'a Failed>,
    pub estimate: Option<&'a Estimate>,
    pub states: &'a [StateRun],
    pub storyboard: Option<&'a Storyboard>,
    /// The worst picture of each video rendition.
    pub pictures: &'a [WorstPicture],
    /// Metrics of the whole run, once it has ended.
    pub metrics: Option<&'a Metrics>,
    /// When the page was made.
    pub made: UnixMillis,
}

/// The HTML of the page.
pub fn html(facts: &Facts<'_>) -> String {
    page(facts).into_string()
}

const STYLE: &str = include_str!("page.css");

fn page(facts: &Facts<'_>) -> Markup {
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
                @if let Some(part) = ladder::table(facts) { (part) }
                @if let Some(part) = ladder::rates(facts) { (part) }
                @if let Some(part) = quality::scores(facts) { (part) }
                @if let Some(part) = execution::workers(facts) { (part) }
                @if let Some(part) = execution::states(facts) { (part) }
                @if let Some(part) = quality::loudness(facts) { (part) }
                @if let Some(part) = findings::section(facts) { (part) }
                @if let Some(part) = provenance::cost(facts) { (part) }
                (provenance::section(facts))
                footer.soft { "Made by reelsmith. Times are from the clocks of the workers; rates are those of the stored bytes." }
            } }
        }
    }
}

#[cfg(test)]
mod tests;
