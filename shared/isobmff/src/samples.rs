//! Looking into samples without decoding them: the structure of each coded frame.
//!
//! A sample passes if its bytes can be those of a frame of its codec: lengths fill it, headers have legal values and agree
//! with the codec configuration, checksums are right. What only decoding finds is not looked for.

mod audio;
mod av1;
mod avc;
mod encryption;
mod hevc;
mod nal;
mod order;
mod text;
mod vp9;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::{Fault, FirstPicture, Init};

pub(crate) use audio::{aac, ac3_frames, ac3_size};
pub use av1::Av1Sequence;
pub(crate) use encryption::{FragmentEncryption, SampleEncryption};

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

impl SampleFormat {
    pub(crate) fn of(init: &Init) -> Self {
        Self {
            entry: init.entry.clone(),
            config: init.config.clone(),
            layered: init.layered,
            encrypted: init.protection.as_ref().is_some_and(|p| p.protected),
            iv_size: init.protection.as_ref().map_or(0, |p| p.iv_size),
            profile: init.profile,
            channels: init.channels,
            sample_rate: init.sample_rate,
        }
    }
}

/// Collects defects: a few of each kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defects {
    pub(crate) list: Vec<Defect>,
    /// Number of the sample in the segment, from 1.
    sample: u64,
    /// Offset of the sample in the segment.
    at: u64,
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

/// Looks into the samples of one segment, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Inspector {
    codec: Codec,
    encrypted: bool,
    pub(crate) defects: Defects,
}

#[derive(Clone, Debug)]
enum Codec {
    Avc(Box<avc::Avc>),
    Hevc(Box<hevc::Hevc>),
    Av1(av1::Av1),
    Vp9,
    Audio(audio::Audio),
    Text(text::Text),
}

impl Inspector {
    /// `None` for a format whose samples are not looked into.
    pub(crate) fn new(format: &SampleFormat) -> Option<Self> {
        let codec = match &*format.entry {
            "avc1" | "avc2" | "avc3" | "avc4" => Codec::Avc(Box::new(avc::Avc::new(format)?)),
            "hvc1" | "hev1" | "dvh1" | "dvhe" => Codec::Hevc(Box::new(hevc::Hevc::new(format)?)),
            "av01" => Codec::Av1(av1::Av1::new(format)),
            "vp09" => Codec::Vp9,
            "wvtt" => Codec::Text(text::Text::Wvtt),
            "stpp" => Codec::Text(text::Text::Stpp),
            _ => Codec::Audio(audio::Audio::new(format)?),
        };
        Some(Self {
            codec,
            encrypted: format.encrypted,
            defects: Defects::default(),
        })
    }

    /// As what samples are looked into.
    pub(crate) fn examination(&self) -> Examination {
        match self.codec {
            Codec::Avc(_) | Codec::Hevc(_) => Examination::Nal,
            // Which bytes of other codecs are encrypted depends on their content.
            _ if self.encrypted => Examination::Encrypted,
            Codec::Av1(_) | Codec::Vp9 => Examination::Frames,
            Codec::Audio(_) => Examination::Audio,
            Codec::Text(_) => Examination::Text,
        }
    }

    /// Looks into a sample. Returns its picture, if the format is one of video.
    pub(crate) fn sample(&mut self, sample: SampleView<'_>) -> Option<FirstPicture> {
        (self.defects.sample, self.defects.at) = (sample.number, sample.at);
        let defects = &mut self.defects;
        match &mut self.codec {
            Codec::Avc(avc) => return Some(avc.sample(sample, defects)),
            Codec::Hevc(hevc) => return Some(hevc.sample(sample, defects)),
            _ if self.encrypted => {}
            Codec::Av1(av1) => return Some(av1.sample(sample, defects)),
            Codec::Vp9 => return Some(vp9::sample(sample, defects)),
            Codec::Audio(audio) => audio.sample(sample, defects),
            Codec::Text(text) => text.sample(sample, defects),
        }
        None
    }

    /// Ends the segment.
    pub(crate) fn finish(&mut self) {
        let defects = &mut self.defects;
        match &mut self.codec {
            Codec::Avc(avc) => avc.finish(defects),
            Codec::Hevc(hevc) => hevc.finish(defects),
            _ => {}
        }
    }
}
