//! The end of a title whose audio lasts longer than its pictures.
//!
//! The output begins with the first picture and has one duration for pictures and audio. Audio before the first picture is
//! left out with a warning. For audio after the last picture there is a [`TailPolicy`]: hold the last picture, leave the audio
//! out with a warning, or refuse the title. Nothing is left out without a warning, except for [`PADDING_US`], by which codecs
//! and multiplexers make audio longer than what was recorded.

use serde::{Deserialize, Serialize};
use strum::EnumString;

use crate::probe::Seconds;
use crate::warning::{Place, Warning, WarningName};

/// What happens to audio after the last picture: `TailPolicy` of the manifest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum TailPolicy {
    /// The last picture is held until the audio ends, for up to [`HOLD_LIMIT_US`]. A longer tail is refused.
    #[default]
    Hold,
    /// The audio ends with the last picture.
    Trim,
    /// The title is refused, also if the audio begins before the first picture.
    Refuse,
}

/// Audio that lasts this much longer than the pictures, in microseconds, is padding: more than a frame of any audio codec.
pub const PADDING_US: i64 = 150_000;
/// Longest time that the last picture is held for audio, in microseconds.
pub const HOLD_LIMIT_US: i64 = 60_000_000;

/// When an audio stream of the mezzanine is heard, on the mezzanine's timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioSpan {
    /// Index among all streams of the file.
    pub stream: u32,
    /// Start in microseconds; `None` if the file does not state it.
    pub start_us: Option<i64>,
    /// End in microseconds; `None` if it is not known to be after the pictures.
    pub end_us: Option<i64>,
    /// Whether the stream has no packet at all.
    pub empty: bool,
}

/// How pictures and audio of a title begin and end together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// When the last picture must end, in microseconds of the mezzanine's timeline; `None` if the pictures are not held.
    pub hold_until_us: Option<i64>,
    pub warnings: Vec<Warning>,
}

/// The policy refuses the audio.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected audio that {expected}, found audio stream {stream} that {found}")]
pub struct TailRefused {
    pub expected: String,
    pub stream: u32,
    pub found: String,
}

impl Tail {
    /// Applies a policy to the audio streams of a title whose pictures are shown from `start` to `end`.
    ///
    /// # Errors
    /// [`TailRefused`] if the policy is [`TailPolicy::Refuse`] and audio would be left out, or if the last picture would be
    /// held for too long.
    pub fn new(
        policy: TailPolicy,
        audio: &[AudioSpan],
        start: Seconds,
        end: Seconds,
    ) -> Result<Self, TailRefused> {
        let (start, end) = (start.micros(), end.micros());
        let mut tail = Self::default();
        for span in audio {
            let early = span.start_us.map_or(0, |us| start.saturating_sub(us));
            if early > PADDING_US {
                if policy == TailPolicy::Refuse {
                    return Err(TailRefused {
                        expected: "begins with the first picture (TailPolicy refuse)".to_owned(),
                        stream: span.stream,
                        found: format!("begins {} before it", seconds(early)),
                    });
                }
                tail.warnings
                    .push(trimmed(span, early, "before the first picture", 0));
            }
        }
        let longest = audio
            .iter()
            .filter_map(|span| Some((span.end_us? - end, span)));
        let Some((late, span)) = longest
            .filter(|(late, _)| *late > PADDING_US)
            .max_by_key(|(late, _)| *late)
        else {
            return Ok(tail);
        };
        let refused = |expected: String| TailRefused {
            expected,
            stream: span.stream,
            found: format!("lasts {} longer", seconds(late)),
        };
        match policy {
            TailPolicy::Refuse => {
                return Err(refused(
                    "ends with the last picture (TailPolicy refuse)".to_owned(),
                ));
            }
            TailPolicy::Hold if late > HOLD_LIMIT_US => {
                let limit = HOLD_LIMIT_US / 1_000_000;
                return Err(refused(format!(
                    "lasts at most {limit} s longer than the pictures (TailPolicy hold)"
                )));
            }
            TailPolicy::Hold => {
                tail.hold_until_us = Some(end + late);
                let source = format!("stream {}", span.stream);
                tail.warnings.push(
                    Warning::new(WarningName::PictureHeld, source)
                        .at(Place::Millis((end - start) / 1_000))
                        .because(
                            "audio that ends with the last picture",
                            format!("audio that lasts {} longer", seconds(late)),
                            "the last picture is held until the audio ends",
                        ),
                );
            }
            TailPolicy::Trim => {
                tail.warnings.push(trimmed(
                    span,
                    late,
                    "after the last picture",
                    (end - start) / 1_000,
                ));
            }
        }
        Ok(tail)
    }
}

fn trimmed(span: &AudioSpan, micros: i64, place: &str, at_millis: i64) -> Warning {
    Warning::new(WarningName::AudioTrimmed, format!("stream {}", span.stream))
        .at(Place::Millis(at_millis))
        .because(
            "audio and pictures of one duration",
            format!("{} of audio {place}", seconds(micros)),
            "this part of the audio is left out",
        )
}

/// Microseconds as text with milliseconds.
fn seconds(micros: i64) -> String {
    format!("{}.{:03} s", micros / 1_000_000, micros / 1_000 % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Ticks, Timescale};

    fn at(millis: i64) -> Seconds {
        Seconds {
            ticks: Ticks(millis),
            timescale: Timescale(1_000),
        }
    }

    /// The tail of a title with pictures from 1 s to 9 s and audio between the given milliseconds.
    fn tail(
        policy: TailPolicy,
        start: i64,
        end: i64,
    ) -> Result<(Option<i64>, Vec<String>), String> {
        let span = AudioSpan {
            stream: 1,
            start_us: Some(start * 1_000),
            end_us: Some(end * 1_000),
            empty: false,
        };
        let tail = Tail::new(policy, &[span], at(1_000), at(9_000)).map_err(|e| e.to_string())?;
        let warnings = tail.warnings.iter().map(ToString::to_string).collect();
        Ok((tail.hold_until_us, warnings))
    }

    #[test]
    fn padding_changes_nothing() {
        for policy in [TailPolicy::Hold, TailPolicy::Trim, TailPolicy::Refuse] {
            assert_eq!(tail(policy, 900, 9_140), Ok((None, Vec::new())));
            assert_eq!(
                tail(policy, 3_000, 7_000),
                Ok((None, Vec::new())),
                "short audio"
            );
        }
    }

    #[test]
    fn the_last_picture_is_held_for_a_minute_at_most() {
        let (until, warnings) = tail(TailPolicy::Hold, 1_000, 14_000).unwrap();
        assert_eq!(until, Some(14_000_000));
        insta::assert_snapshot!(warnings.join("\n"), @"PictureHeld: stream 1, 00:00:08.000: expected audio that ends with the last picture, found audio that lasts 5.000 s longer; the last picture is held until the audio ends");
        assert_eq!(
            tail(TailPolicy::Hold, 1_000, 69_000).unwrap().0,
            Some(69_000_000)
        );
        insta::assert_snapshot!(tail(TailPolicy::Hold, 1_000, 69_001).unwrap_err(), @"expected audio that lasts at most 60 s longer than the pictures (TailPolicy hold), found audio stream 1 that lasts 60.001 s longer");
    }

    #[test]
    fn audio_is_never_left_out_without_a_warning() {
        let (until, warnings) = tail(TailPolicy::Trim, -1_500, 14_000).unwrap();
        assert_eq!(until, None);
        insta::assert_snapshot!(warnings.join("\n"), @r"
        AudioTrimmed: stream 1, 00:00:00.000: expected audio and pictures of one duration, found 2.500 s of audio before the first picture; this part of the audio is left out
        AudioTrimmed: stream 1, 00:00:08.000: expected audio and pictures of one duration, found 5.000 s of audio after the last picture; this part of the audio is left out
        ");
        insta::assert_snapshot!(tail(TailPolicy::Refuse, -1_500, 9_000).unwrap_err(), @"expected audio that begins with the first picture (TailPolicy refuse), found audio stream 1 that begins 2.500 s before it");
        insta::assert_snapshot!(tail(TailPolicy::Refuse, 1_000, 14_000).unwrap_err(), @"expected audio that ends with the last picture (TailPolicy refuse), found audio stream 1 that lasts 5.000 s longer");
    }
}
