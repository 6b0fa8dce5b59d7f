//! `report.html`: what a job made, how, when and at what cost, on one page.
//!
//! The page needs nothing else: no network, no script, pictures drawn here. It is pure: equal facts give equal bytes.
//! Everything that people wrote, titles above all, is escaped by [`maud`].

mod encode;
mod findings;
mod format;
mod ladder;
mod page;
mod plot;
mod provenance;
mod quality;
mod rates;
mod sound;
mod summary;

use reelsmith_conformance::{Quality, Report};
use reelsmith_core::cost::Estimate;
use reelsmith_core::job::Job;
use reelsmith_core::keys::Generation;
use reelsmith_core::plan::Plan;
use reelsmith_core::probe::Inspection;
use reelsmith_core::record::{ChunkRecord, FailureNote, RenditionRecord, TrackRecord};
use reelsmith_core::time::UnixMillis;

/// A picture to be shown within the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// What it shows.
    pub caption: String,
    /// `image/jpeg`, `image/png` or `image/webp`.
    pub content_type: String,
    /// Its bytes in Base64.
    pub base64: String,
}

/// A state of the state machine while it ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRun {
    /// Its name.
    pub name: String,
    /// When it was entered.
    pub entered: UnixMillis,
    /// When it was left.
    pub left: UnixMillis,
}

/// Everything the page tells. What was not learnt is left empty, and its part of the page left out.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The job.
    pub job: &'a Job,
    /// Which deliberate re-encode this is.
    pub generation: Generation,
    /// The mezzanine as it was found.
    pub inspection: &'a Inspection,
    /// The plan.
    pub plan: &'a Plan,
    /// Every video and audio rendition with its segments.
    pub renditions: &'a [RenditionRecord],
    /// What the workers of chunks recorded.
    pub chunks: &'a [ChunkRecord],
    /// What the workers of tracks recorded.
    pub tracks: &'a [TrackRecord],
    /// What workers noted that gave up.
    pub failures: &'a [FailureNote],
    /// What was measured, and what breaks a rule.
    pub conformance: &'a Report,
    /// What the job costs by the cost model.
    pub estimate: Option<&'a Estimate>,
    /// The states of the execution.
    pub states: &'a [StateRun],
    /// How good each chunk looks, where it was measured.
    pub quality: &'a [Quality],
    /// The storyboard.
    pub pictures: &'a [Picture],
    /// When the page was made.
    pub made: UnixMillis,
}

/// The page.
#[must_use]
pub fn html(facts: &Facts<'_>) -> String {
    page::page(facts).into_string()
}

#[cfg(test)]
mod tests;
