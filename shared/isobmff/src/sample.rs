//! What the inspection of every codec shares: how samples are to be read, one sample, and the defects that were found.

use serde::{Deserialize, Serialize};

use crate::Fault;
use crate::encryption::SampleEncryption;

/// Most defects of one kind that are kept of a segment.
const MAX_OF_A_KIND: usize = 3;

/// What a defect of a sample is about. One conformance rule reports each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DefectKind {
    /// The units that a sample of video consists of: lengths, types and headers.
    Unit,
    /// The content of a coded picture: slice headers, slice data, frame headers.
    Picture,
    /// Sync flags against the pictures.
    Sync,
    /// Parameter sets in samples against those of the sample entry.
    Parameters,
    /// Composition times against the order of the pictures.
    Order,
    /// The content of an access unit of audio.
    Audio,
    /// The content of a sample of captions.
    Text,
    /// The structure of sample encryption.
    Encryption,
    /// The segment index.
    Index,
}

/// As what samples were looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Examination {
    /// Pictures in NAL units: H.264 and H.265.
    Nal,
    /// Pictures of AV1 and VP9.
    Frames,
    Audio,
    Text,
    /// Only the structure of the encryption.
    Encrypted,
}

/// Something in a sample that its codec forbids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defect {
    pub kind: DefectKind,
    pub fault: Fault,
}

/// How to look into the samples of a track.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleFormat {
    /// Sample entry, for example `avc1`; the original format if it is encrypted.
    pub entry: String,
    /// Body of the codec configuration box.
    pub config: Vec<u8>,
    /// Whether there is a configuration of further layers, `lhvC`.
    pub layered: bool,
    /// Whether samples are encrypted unless stated otherwise.
    pub encrypted: bool,
    /// `default_Per_Sample_IV_Size` in bytes.
    pub iv_size: u8,
    /// MPEG-4 audio object type or the object type indication of `esds`.
    pub profile: Option<u8>,
    /// Channels of audio.
    pub channels: u32,
    /// Samples per second of audio.
    pub sample_rate: u32,
}

/// Collects defects: a few of each kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defects {
    pub(crate) list: Vec<Defect>,
    /// Number of the sample in the segment, from 1.
    pub(crate) sample: u64,
    /// Offset of the sample in the segment.
    pub(crate) at: u64,
}

impl Defects {
    /// Adds a defect at a byte of the sample that is examined.
    pub(crate) fn add(
        &mut self,
        kind: DefectKind,
        offset: usize,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        let path = format!("sample {}", self.sample);
        let offset = self.at.saturating_add(offset as u64);
        self.push(kind, Fault::new(offset, path, expected, found));
    }

    pub(crate) fn push(&mut self, kind: DefectKind, fault: Fault) {
        let known = self.list.iter().filter(|d| d.kind == kind).count();
        if known < MAX_OF_A_KIND {
            self.list.push(Defect { kind, fault });
        }
    }
}

/// One sample to look into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SampleView<'a> {
    pub(crate) data: &'a [u8],
    /// Number in the segment, from 1.
    pub(crate) number: u64,
    /// Offset in the segment.
    pub(crate) at: u64,
    /// Whether it is flagged as a sync sample.
    pub(crate) sync: bool,
    /// Whether it is the first sample of its fragment.
    pub(crate) leads: bool,
    /// Presentation time in ticks.
    pub(crate) presentation: i64,
    /// Its encryption; `None` in the clear.
    pub(crate) encryption: Option<&'a SampleEncryption>,
}

/// The start of a fragment's first video sample.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstPicture {
    /// Types of the NAL units up to and including the first slice.
    pub nal_types: Vec<u8>,
    /// Whether that slice belongs to an IDR picture; `None` if no slice was found.
    pub idr: Option<bool>,
}
