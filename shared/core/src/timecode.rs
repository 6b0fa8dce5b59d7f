//! SMPTE timecodes: labels of frames, as camera and tape deliveries state them.
//!
//! A label counts nominal frames: at 24000/1001 frames per second, 24 labels last 1.001 s, so `10:00:00:00` is frame
//! 864,000 and not 36,000 s. With drop-frame counting (29.97 and 59.94 only) labels skip two (four) frame numbers at the
//! start of each minute except every tenth, so that they follow the clock.
//!
//! ```
//! use reelsmith_core::time::FrameRate;
//! use reelsmith_core::timecode::Timecode;
//!
//! let rate: FrameRate = "30000/1001".parse().unwrap();
//! let dropped: Timecode = "01:00:00;00".parse().unwrap();
//! let counted: Timecode = "01:00:00:00".parse().unwrap();
//! assert_eq!((dropped.frame(rate), counted.frame(rate)), (107_892, 108_000));
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::time::FrameRate;

/// A timecode label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timecode {
    hours: u32,
    minutes: u32,
    seconds: u32,
    frames: u32,
    drop_frame: bool,
}

/// A text that is not a timecode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a timecode as 01:00:00:00, or 01:00:00;00 for drop-frame, found {0:?}")]
pub struct BadTimecode(pub String);

impl Timecode {
    /// The label as a clock, in milliseconds: the seconds it shows, and its frames by the nominal rate.
    pub fn label_millis(self, rate: FrameRate) -> i64 {
        let frames = i64::from(self.frames) * 1_000 / i64::from(nominal(rate));
        self.label_seconds() * 1_000 + frames
    }

    /// The number of the frame with this label, from 0 at `00:00:00:00`.
    pub fn frame(self, rate: FrameRate) -> i64 {
        let nominal = nominal(rate);
        let all = self.label_seconds() * i64::from(nominal) + i64::from(self.frames);
        if !self.drop_frame {
            return all;
        }
        let minutes = i64::from(self.hours) * 60 + i64::from(self.minutes);
        all - i64::from(nominal / 15) * (minutes - minutes / 10)
    }

    /// The timecode of a frame, counted without drop frames; the reverse of [`Timecode::frame`].
    pub fn of_frame(frame: u64, rate: FrameRate) -> Self {
        let nominal = u64::from(nominal(rate));
        let part = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let seconds = frame / nominal;
        Self {
            hours: part(seconds / 3_600),
            minutes: part(seconds / 60 % 60),
            seconds: part(seconds % 60),
            frames: part(frame % nominal),
            drop_frame: false,
        }
    }

    /// The same label, counted with drop frames if `other` is.
    #[must_use]
    pub fn counted_as(self, other: Self) -> Self {
        Self {
            drop_frame: other.drop_frame,
            ..self
        }
    }

    /// Whether the label has a frame number that exists.
    ///
    /// # Errors
    /// The number of labels in a second.
    pub fn checked(self, rate: FrameRate) -> Result<(), u32> {
        match self.frames < nominal(rate) {
            true => Ok(()),
            false => Err(nominal(rate)),
        }
    }

    fn label_seconds(self) -> i64 {
        (i64::from(self.hours) * 60 + i64::from(self.minutes)) * 60 + i64::from(self.seconds)
    }
}

/// Labels per second.
fn nominal(rate: FrameRate) -> u32 {
    ((rate.num() + rate.den() / 2) / rate.den().max(1)).max(1)
}

impl FromStr for Timecode {
    type Err = BadTimecode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadTimecode(text.to_owned());
        let (clock, frames) = text.rsplit_once([':', ';', '.']).ok_or_else(bad)?;
        let parts: Vec<&str> = clock.split([':', ';', '.']).collect();
        let [hours, minutes, seconds] = parts[..] else {
            return Err(bad());
        };
        let number = |part: &str, limit: u32| {
            let digits = (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            let value = part.parse().ok().filter(|_| digits);
            value.filter(|v| *v < limit).ok_or_else(bad)
        };
        Ok(Self {
            hours: number(hours, 100)?,
            minutes: number(minutes, 60)?,
            seconds: number(seconds, 60)?,
            frames: number(frames, 300)?,
            drop_frame: text.contains([';', '.']),
        })
    }
}

impl fmt::Display for Timecode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (h, m, s, frames) = (self.hours, self.minutes, self.seconds, self.frames);
        let separator = if self.drop_frame { ';' } else { ':' };
        write!(f, "{h:02}:{m:02}:{s:02}{separator}{frames:02}")
    }
}

impl TryFrom<String> for Timecode {
    type Error = BadTimecode;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Timecode> for String {
    fn from(timecode: Timecode) -> Self {
        timecode.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_frames_at_the_nominal_rate() {
        let film: FrameRate = "24000/1001".parse().unwrap();
        let start: Timecode = "10:00:00:12".parse().unwrap();
        assert_eq!(start.frame(film), 36_000 * 24 + 12);
        assert_eq!(start.label_millis(film), 36_000_500);
        let ntsc: FrameRate = "60000/1001".parse().unwrap();
        let counted = Timecode::of_frame(36_000 * 24 + 12, film);
        assert_eq!(counted, start);
        let dropped: Timecode = "00:10:00;04".parse().unwrap();
        assert_eq!(dropped.frame(ntsc), 600 * 60 + 4 - 9 * 4);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "1",
            "10:00:00",
            "10:60:00:00",
            "10:00:00:xx",
            "-1:00:00:00",
            "1:2:3:4:5",
        ] {
            assert!(text.parse::<Timecode>().is_err(), "{text}");
        }
        let shown =
            ["10:00:00:00", "01:00:00;02"].map(|t| t.parse::<Timecode>().unwrap().to_string());
        assert_eq!(shown, ["10:00:00:00", "01:00:00;02"]);
    }
}
