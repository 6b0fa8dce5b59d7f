//! One reader and one writer of ISO BMFF (ISO/IEC 14496-12), the container of MP4, MOV and CMAF.
//!
//! # The problem
//!
//! Boxes are read for three reasons. The prover must find every defect of an output and name its byte. Planning must find
//! the samples of a mezzanine that any program may have written. Workers must turn an encoder's file into segments that
//! are the same bytes wherever the chunk was encoded. Three parsers would disagree.
//!
//! # The idea
//!
//! All of them share [`Reader`], a cursor that checks every access and whose [`Fault`] names the box, the offset, what was
//! expected and what was found. Strict users report the fault. Lenient users ([`SampleMap`]) drop it and go without the
//! value.
//!
//! | to read | use |
//! |---|---|
//! | the boxes of a file | [`boxes`], [`Reader`] |
//! | an init segment: track, codec configuration, encryption, edit list | [`Init`], [`Sps`] |
//! | a segment in memory | [`fragments`] |
//! | a segment on storage, by ranges, with the content of its samples | [`SegmentScan`] |
//! | where the samples of a foreign file are stored | [`SampleMap`] |
//!
//! | to write | use |
//! |---|---|
//! | the init segment and the fragments of a rendition from an encoder's file | [`EncodedTrack`] |
//! | key pictures as a file | [`stills`] |
//! | a box | [`boxed`], [`full_box`] |
//!
//! # The invariant
//!
//! Bytes may come from anyone. Nothing here panics, recurses without a bound, or allocates by a count that a file merely
//! declares; [`MAX_SAMPLES`] bounds what can be declared in no bytes.
//!
//! # Example
//!
//! ```
//! use reelsmith_isobmff::{Reader, boxed, full_box, words};
//!
//! let mfhd = full_box(b"mfhd", 0, 0, &words(&[7]));
//! let file = boxed(b"moof", &mfhd);
//! let mut mfhd = Reader::new(&file).need(b"moof")?.need(b"mfhd")?;
//! assert_eq!(mfhd.full()?, (0, 0));
//! assert_eq!(mfhd.u32()?, 7);
//! let fault = mfhd.u32().unwrap_err();
//! assert_eq!(fault.to_string(), "at byte 24, moof/mfhd: expected 4 more bytes, found 0");
//! # Ok::<(), reelsmith_isobmff::Fault>(())
//! ```

mod bits;
mod codec;
mod colour;
mod elementary;
mod encryption;
mod fragment;
mod hevc;
mod init;
mod reader;
mod remux;
mod sample;
mod sample_table;
mod samples;
mod scan;
mod sps;
#[doc(hidden)]
pub mod testing;
mod writer;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use codec::{AvcConfig, HevcConfig, Protection, visual_entry};
pub use colour::Colour;
pub use elementary::{ElementaryCodec, PesUnit, TRANSPORT_TIMESCALE, elementary};
pub use fragment::{DataBase, Fragment, Sample, fragments};
pub use hevc::HevcSps;
pub use init::{Edit, Handler, Init, NalCoding, NalFormat, TrackDefaults, sample_description};
pub use reader::{BoxHeader, Boxes, Reader, boxes};
pub use remux::{
    DelayExceeded, EncodedSample, EncodedTrack, TrackLanguage, stills, with_timescale,
};
pub use sample::{Defect, DefectKind, Examination, FirstPicture, SampleFormat};
pub use sample_table::{SampleMap, SampleRun, SizeFields, StoredTrack};
pub use samples::Av1Sequence;
pub use scan::{SegmentFacts, SegmentScan};
pub use sps::{FrameTiming, Sps, Vui};
pub use writer::{boxed, file_type, full_box, words};

/// Most samples that one file or segment is read for: almost ten hours of video at 60 frames a second.
pub const MAX_SAMPLES: usize = 1 << 21;

/// Something in the bytes that is not as ISO/IEC 14496-12 demands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("at byte {offset}, {path}: expected {expected}, found {found}")]
pub struct Fault {
    /// Offset in the file.
    #[serde(rename = "at")]
    pub offset: u64,
    /// Path of the box, for example `moof/traf/tfhd`; `file` or `segment` at the top level.
    #[serde(rename = "place")]
    pub path: String,
    pub expected: String,
    pub found: String,
}

impl Fault {
    /// A fault at an offset.
    pub fn new(
        offset: u64,
        path: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self {
            offset,
            path: path.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }
}

/// A four-character code as text; bytes that are not printable ASCII as `\xNN`.
pub fn fourcc(kind: [u8; 4]) -> String {
    kind.escape_ascii().to_string()
}
