//! Conformance checks of HLS and DASH packages: models of playlists, MPDs and CMAF, the rules, and a report.
//!
//! The crate does no I/O. A caller lists the objects below a prefix into a [`Delivery`], reads what
//! [`Delivery::wanted`] asks for until it asks for nothing, and calls [`check`]:
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use reelsmith_conformance::{Delivery, Object, Profiles, check};
//! use reelsmith_isobmff::SegmentScan;
//!
//! let master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360\nlow.m3u8\n";
//! let media = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:5.000,\nlow_1.ts\n#EXT-X-ENDLIST\n";
//! let files = BTreeMap::from([
//!     ("master.m3u8", master.as_bytes()),
//!     ("low.m3u8", media.as_bytes()),
//! ]);
//! let mut delivery = Delivery::new(files.iter().map(|(path, bytes)| Object {
//!     path: (*path).to_owned(),
//!     size: bytes.len() as u64,
//!     ..Object::default()
//! }));
//! loop {
//!     let wanted = delivery.wanted();
//!     if wanted.is_empty() {
//!         break;
//!     }
//!     for path in &wanted.texts {
//!         delivery.add_text(path, files[path.as_str()]);
//!     }
//!     for part in &wanted.inits {
//!         delivery.add_init(part, Ok(files[part.path.as_str()]));
//!     }
//!     for (part, init) in &wanted.segments {
//!         let defaults = delivery.defaults_of(init).unwrap_or_default();
//!         let facts = SegmentScan::whole(files[part.path.as_str()], defaults);
//!         delivery.add_segment(part, Ok(facts));
//!     }
//!     for part in &wanted.indexes {
//!         let (offset, length) = part.range.unwrap();
//!         let bytes = &files[part.path.as_str()][offset as usize..][..length as usize];
//!         delivery.add_index(part, Ok(bytes));
//!     }
//!     for part in &wanted.streams {
//!         delivery.add_stream(part, Ok(files[part.path.as_str()]));
//!     }
//! }
//! let report = check(&delivery, None, Profiles::infer(&delivery));
//! let violations: Vec<String> = report.violations.iter().map(ToString::to_string).collect();
//! let too_long = "HLS-P02 fail low.m3u8:3: expected a rounded EXTINF of at most 4 s, found 5.000000 s";
//! assert!(violations.iter().any(|v| v == too_long));
//! ```
//!
//! [`SegmentScan::whole`](reelsmith_isobmff::SegmentScan::whole) needs a whole segment; a `SegmentScan` fed with ranges
//! reads far less. With an [`Expectation`] of a job and [`Profiles::REELSMITH`], the check also compares the output with what was
//! ordered. [`registry`] lists the rules; [`rule()`] finds one by its identifier.

pub mod dash;
mod decoded;
mod delivery;
mod evidence;
mod expectation;
mod fault;
pub mod hls;
mod measure;
mod path;
mod profile;
mod report;
mod rule;
mod rules;
#[doc(hidden)]
pub mod testing;
pub mod ts;
mod view;

pub use decoded::{Decodable, DecodableSegment, Decoded};
pub use delivery::{Delivery, MAX_INDEX, MPD, MULTIVARIANT, Object, Text, Wanted};
pub use evidence::{
    AudioLevel, ChunkPictures, Dead, DeadRun, EncodeLevel, Evidence, Identity, Pictures,
    Provenance, ReportFacts, SoundEvidence,
};
pub use expectation::{Expectation, ExpectedVideo};
pub use fault::{Mismatch, TextFault};
pub use path::Part;
pub use profile::{Clause, Level, Profile, Profiles};
pub use report::{
    Coverage, DocumentOutcome, Location, Outcome, RenditionSummary, Report, RuleOutcome, SCHEMA,
    Severity, Verdict, Violation,
};
pub use rule::{Part as RulePart, Rule};
pub use rules::{check, registry, rule};
