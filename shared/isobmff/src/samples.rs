//! Looking into samples without decoding them: the structure of each coded frame.
//!
//! A sample passes if its bytes can be those of a frame of its codec: lengths fill it, headers have legal values and agree
//! with the codec configuration, checksums are right. What only decoding finds is not looked for.

mod audio;
mod av1;
mod avc;
mod hevc;
mod nal;
mod order;
mod text;
mod vp9;

#[cfg(test)]
mod tests;

use crate::sample::{Defects, Examination, FirstPicture, SampleFormat, SampleView};

pub(crate) use audio::{aac, ac3_frames, ac3_size};
pub use av1::Av1Sequence;

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
