//! Proof of an output: models of playlists, MPD and CMAF, one file per rule, and the report.
//!
//! Pure: what an object holds is given as bytes or facts, what must be read next is said, never read. A caller lists the
//! output prefix into a [`Delivery`], reads whatever [`Delivery::wanted`] asks for until that is nothing, and calls
//! [`check`].

pub mod characteristics;
pub mod dash;
mod delivery;
mod evidence;
mod expectation;
mod fault;
pub mod hls;
pub mod measure;
mod path;
mod report;
mod rules;
#[doc(hidden)]
pub mod testing;
pub mod ts;
mod view;

pub use delivery::{Delivery, MPD, MULTIVARIANT, Object, Part, Text, Wanted};
pub use evidence::{
    AudioLevel, ChunkQuality, Dead, DeadRun, Evidence, Identity, Metric, Provenance, Quality,
    ReportFacts,
};
pub use expectation::{
    Expectation, ExpectedAudio, ExpectedImages, ExpectedText, ExpectedVideo, Recorded,
};
pub use fault::{Faults, TextFault};
pub use report::{
    Coverage, Location, RenditionSummary, Report, SCHEMA, Severity, Verdict, Violation,
};
pub use rules::{Findings, Rule, RuleSet, Sets, check, registry};
pub use view::{Kind, Track, TrackSegment, View};
