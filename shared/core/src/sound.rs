//! The comparison of an audio rendition with its source, and what of it is a fault.

use serde::{Deserialize, Serialize};

use crate::ladder::SoundTolerances;

/// The published bytes of an audio rendition, compared with a decode of the source apart from the encode. Times are samples
/// from the start of the programme, levels hundredths of a decibel, correlations thousandths. Channels count from 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoundComparison {
    pub sample_rate: u32,
    pub channels: u32,
    /// Stream of the mezzanine, the first one of a channel map.
    pub stream: u32,
    /// Samples that were planned, and those that are presented after the edit list.
    pub planned: u64,
    pub presented: u64,
    /// The gain from the source to the rendition: that of the encode, or the measured one if an encoding service made it.
    pub gain: i32,
    /// Compared windows of all channels.
    pub windows: u64,
    /// The window with the greatest difference of level, beyond what the codec and the limiter explain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<LevelDifference>,
    /// The section of two seconds with the greatest median difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<LevelDifference>,
    /// Excerpts with enough sound to correlate, of all channels.
    pub excerpts: u64,
    /// Offsets of the first and the last excerpt, and the greatest one. Positive if the rendition is late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_offset: Option<SoundOffset>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_offset: Option<SoundOffset>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<SoundOffset>,
    /// The excerpt that is least like the source's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_alike: Option<SoundMatch>,
    /// Excerpts that are those of another channel of the source, and the clearest one.
    pub swapped: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_swapped: Option<SoundMatch>,
    /// Integrated loudness in hundredths of LUFS, and true peak in hundredths of dBTP; absent for silence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrated: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub true_peak: Option<i32>,
}

/// A difference of level at a place of a programme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelDifference {
    pub at: u64,
    pub channel: u32,
    /// The source's level after the gain, and the rendition's, in hundredths of dBFS.
    pub expected: i32,
    pub found: i32,
    /// By how much the rendition is louder than explained; negative if it is quieter.
    pub difference: i32,
}

/// The offset of a rendition's sound at a place of a programme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoundOffset {
    pub at: u64,
    pub channel: u32,
    /// In samples; positive if the rendition is late.
    pub samples: i64,
    pub correlation: i32,
}

/// How much a rendition's sound is like that of the source at a place of a programme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoundMatch {
    pub at: u64,
    pub channel: u32,
    /// With the same channel of the source.
    pub correlation: i32,
    /// The channel of the source that the rendition's is most like, if it is another one, and its correlation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<(u32, i32)>,
}

/// A difference that exceeds the tolerances of the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SoundFault {
    /// The sound is early or late.
    Offset(SoundOffset),
    /// A window of 20 ms is louder or quieter.
    Window(LevelDifference),
    /// A section of two seconds is louder or quieter.
    Section(LevelDifference),
    /// An excerpt is other sound.
    Unlike(SoundMatch),
    /// Excerpts are those of another channel.
    Swapped(SoundMatch),
    /// The rendition is longer or shorter than the programme.
    Length { planned: u64, presented: u64 },
}

impl SoundComparison {
    /// Whether the sound is early or late (SRC-03).
    #[must_use]
    pub fn offset_fault(&self, tolerances: &SoundTolerances) -> Option<SoundFault> {
        let rate = u64::from(self.sample_rate);
        let micros = |samples: u64| samples.saturating_mul(1_000_000) / rate.max(1);
        let wrong =
            |o: &SoundOffset| micros(o.samples.unsigned_abs()) > u64::from(tolerances.offset_us);
        self.offset.filter(wrong).map(SoundFault::Offset)
    }

    /// How the content differs (SRC-04).
    #[must_use]
    pub fn content_faults(&self, tolerances: &SoundTolerances) -> Vec<SoundFault> {
        let exceeds = |limit: u32| move |d: &LevelDifference| d.difference.unsigned_abs() > limit;
        let window = self.window.filter(exceeds(tolerances.window));
        let section = self.section.filter(exceeds(tolerances.section));
        let unlike = |m: &SoundMatch| m.correlation < tolerances.correlation;
        let swapped = self
            .most_swapped
            .filter(|_| self.swapped > tolerances.swapped);
        let faults = [
            window.map(SoundFault::Window),
            section.map(SoundFault::Section),
            self.least_alike.filter(unlike).map(SoundFault::Unlike),
            swapped.map(SoundFault::Swapped),
        ];
        faults.into_iter().flatten().collect()
    }

    /// Whether the rendition lasts as long as the programme (SRC-05).
    #[must_use]
    pub fn length_fault(&self) -> Option<SoundFault> {
        let (planned, presented) = (self.planned, self.presented);
        (planned != presented).then_some(SoundFault::Length { planned, presented })
    }
}
