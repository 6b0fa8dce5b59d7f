//! A small bounded reader of ISO-BMFF: init segments, fragments, and the measuring of segments by ranged reads.
//!
//! Bytes come from objects that somebody else may have written: nothing here panics, recurses without bound, or
//! allocates by a count that was merely declared.

mod codec;
mod fragment;
mod init;
mod protection;
mod reader;
mod remux;
mod scan;
mod sps;
#[doc(hidden)]
pub mod testing;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use codec::{AvcConfig, Colour, HevcConfig};
pub use fragment::{DataBase, Fragment, Sample, fragments};
pub use init::{Edit, Handler, Init, NalCoding, NalFormat, TrackDefaults};
pub use protection::Protection;
pub use reader::{BoxAt, Boxes, boxes};
pub use remux::{DelayExceeded, EncodedSample, EncodedTrack, file_type, stills, with_timescale};
pub use scan::{FirstPicture, SegmentFacts, SegmentScan};
pub use sps::Sps;

/// Most samples that one file or segment is read for: eight hours of video at 60 frames a second.
pub const MAX_SAMPLES: usize = 1 << 21;

/// Something in the bytes that is not as ISO/IEC 14496-12 has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("at byte {at}, {place}: expected {expected}, found {found}")]
pub struct Fault {
    /// Offset in the bytes that were given.
    pub at: u64,
    /// Path of the box, for example `moof/traf/tfhd`.
    pub place: String,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl Fault {
    /// A fault at an offset.
    #[must_use]
    pub fn new(
        at: u64,
        place: &str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self {
            at,
            place: place.to_owned(),
            expected: expected.into(),
            found: found.into(),
        }
    }
}

/// A four-character code as text; bytes that are not printable ASCII as `\xNN`.
#[must_use]
pub fn fourcc(kind: [u8; 4]) -> String {
    kind.escape_ascii().to_string()
}
