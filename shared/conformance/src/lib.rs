//! Proof of an output: models of playlists, MPD and CMAF, one file per rule, and the report.
//!
//! Pure: what an object holds is given as bytes or facts, what must be read next is said, never read.

pub mod cmaf;
#[doc(hidden)]
pub mod testing;
