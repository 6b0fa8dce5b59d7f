//! How encoded pictures compare with the mezzanine's.
//!
//! The worker that encodes a chunk also decodes its output and writes these figures into the chunk's record; conformance
//! rules judge them. Two comparisons complement each other:
//!
//! - **Fingerprints**: every frame is compared with a small copy of the source frame of its time. A wrong, shifted,
//!   repeated, green or grey picture differs, whatever the encoder does.
//! - **Samples**: some frames are compared in full with an independent decode of the mezzanine. It must give exactly what the
//!   encoder received, so that all that differs in the output is the encoder's loss, which SSIM and PSNR measure.

use serde::{Deserialize, Serialize};

/// A frame of the output and a value that belongs to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameValue {
    /// The frame on the output's grid, from 0.
    pub frame: u64,
    pub value: i64,
}

/// The pictures of one chunk of a rendition, compared with the mezzanine's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureComparison {
    /// Frames that were compared with their fingerprints.
    pub frames: u64,
    /// The greatest difference of a frame from its fingerprint, in hundredths of a level of 255.
    pub difference: FrameValue,
    /// The first frames that do not show the source frame of their time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unlike: Vec<UnlikePicture>,
    /// How many frames do not.
    #[serde(default)]
    pub unlike_count: u64,
    /// Runs that are black or frozen although the source is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dead: Vec<DeadPictures>,
    /// Whether the decoder reports damage in the encoded pictures.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub damaged: bool,
    /// The frames that were compared in full; absent if the decoder reported damage in the mezzanine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<PictureSamples>,
}

/// A frame that does not show the source frame of its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlikePicture {
    pub frame: u64,
    /// Difference in hundredths of a level of 255.
    pub difference: i64,
    /// The source frame that it shows instead, counted from the right one; absent if it shows none of its neighbours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shows: Option<i64>,
}

/// What is wrong with a run of dead pictures.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::IntoStaticStr, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum DeadKind {
    Black,
    Frozen,
}

/// A run of black or frozen frames in the output that the source does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadPictures {
    pub kind: DeadKind,
    /// First frame of the run.
    pub start: u64,
    /// The frame after the last one.
    pub end: u64,
}

/// Frames of a chunk that were compared in full with an independent decode of the mezzanine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureSamples {
    pub frames: u64,
    /// SSIM over all planes, in ten-thousandths.
    pub ssim: Scores,
    /// PSNR of luma, in hundredths of a decibel, at most 6,000.
    pub psnr: Scores,
    /// How many of them the encoder received other than the independent decode gives them.
    #[serde(default)]
    pub altered: u64,
    /// The first of those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_altered: Option<u64>,
}

/// Scores of frames, pooled. The mean hides short drops; the other figures show them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scores {
    pub lowest: FrameValue,
    /// The 5th percentile.
    pub low: i64,
    pub mean: i64,
    /// The first frame of the second with the lowest mean, and that mean.
    pub worst_second: FrameValue,
}

impl Scores {
    /// Pools the scores of frames in the order of their numbers. `second` is the number of frames of a second, at least 1.
    pub fn of(values: &[FrameValue], second: u64) -> Self {
        let Some(lowest) = values.iter().min_by_key(|v| (v.value, v.frame)) else {
            return Self::default();
        };
        let mut sorted: Vec<i64> = values.iter().map(|v| v.value).collect();
        sorted.sort_unstable();
        let low = sorted.get(sorted.len() / 20).copied().unwrap_or_default();
        let seconds = values.chunk_by(|a, b| a.frame / second.max(1) == b.frame / second.max(1));
        let means = seconds.filter_map(|s| {
            let value = mean(s.iter().map(|v| v.value))?;
            Some(FrameValue {
                frame: s.first()?.frame,
                value,
            })
        });
        Self {
            lowest: *lowest,
            low,
            mean: mean(sorted.into_iter()).unwrap_or_default(),
            worst_second: means.min_by_key(|v| (v.value, v.frame)).unwrap_or_default(),
        }
    }
}

fn mean(values: impl ExactSizeIterator<Item = i64>) -> Option<i64> {
    let count = i64::try_from(values.len()).ok().filter(|n| *n > 0)?;
    Some(values.fold(0i64, i64::saturating_add) / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_show_the_worst_frame_and_the_worst_second() {
        let values: Vec<FrameValue> = (0..100u64)
            .map(|frame| FrameValue {
                frame,
                value: match frame {
                    30 => 10,
                    50..75 => 80,
                    _ => 100,
                },
            })
            .collect();
        let scores = Scores::of(&values, 25);
        assert_eq!(
            scores.lowest,
            FrameValue {
                frame: 30,
                value: 10
            }
        );
        assert_eq!(scores.low, 80);
        assert_eq!(scores.mean, 94);
        assert_eq!(
            scores.worst_second,
            FrameValue {
                frame: 50,
                value: 80
            }
        );
        assert_eq!(Scores::of(&[], 25), Scores::default());
    }
}
