//! `report.html`: what a job made, how, when and at what cost, on one page.
//!
//! The page needs nothing else: no network, no script, pictures drawn here. It is pure: equal facts give equal bytes.
//! Everything that people wrote, titles above all, is escaped by [`maud`].

mod encode;
mod findings;
mod format;
mod ladder;
pub mod metrics;
mod page;
mod plot;
mod provenance;
mod quality;
mod rates;
mod run;
mod sound;
mod storyboard;
mod summary;

use bytes::Bytes;
use metrics::Metrics;
use reelsmith_conformance::{Quality, Report};
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
    /// What it wrote: the grid of the sheets, and how far its thumbnails are apart.
    pub record: ImagesRecord,
    /// The JPEGs of its sheets, from the first on; later ones may be left out.
    pub sheets: Vec<Bytes>,
}

/// A state of the state machine while it ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRun {
    /// Its name.
    pub name: String,
    /// 1 for a state within a branch of another, else 0.
    pub depth: usize,
    /// When it was entered.
    pub entered: UnixMillis,
    /// When it was left.
    pub left: UnixMillis,
    /// The errors that were met in it, in order: but for the last, each was tried again.
    pub errors: Vec<String>,
}

/// Why a job has no output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Stable name of the error.
    pub error: String,
    /// What was expected, what was found, where, what to do.
    pub cause: String,
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
    /// Its checksums, once it is verified.
    pub verification: Option<&'a Verification>,
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
    /// What was measured, and what breaks a rule; absent while nothing is packaged.
    pub conformance: Option<&'a Report>,
    /// Why there is no output.
    pub failed: Option<&'a Failed>,
    /// What the job costs by the cost model.
    pub estimate: Option<&'a Estimate>,
    /// The states of the execution.
    pub states: &'a [StateRun],
    /// How good each chunk looks, where it was measured.
    pub quality: &'a [Quality],
    /// The thumbnails.
    pub storyboard: Option<&'a Storyboard>,
    /// The numbers of the whole run, once its execution is looked at.
    pub metrics: Option<&'a Metrics>,
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
