//! Exact time: frames, ticks over a timescale, and frame rates as fractions.
//!
//! Media times are rational. A frame of NTSC video lasts 1001/30000 s, which no binary or decimal fraction represents, so
//! sums of floating-point seconds drift: at 30000/1001 frames per second, truncating 10 s × 29.97 gives 299 frames, where
//! 300 frames end within 10.01 s. A segment boundary that is wrong by one frame is a gap or a repeated picture. So every
//! boundary in this workspace is an integer:
//!
//! - [`FrameCount`] and [`FrameRange`] count frames on the output's constant frame grid;
//! - [`Ticks`] count time in units of a [`Timescale`] (ticks per second), as the boxes of a CMAF track do;
//! - [`FrameRate`] is a reduced fraction, and chooses a timescale in which each frame lasts a whole number of ticks.
//!
//! Newtypes keep the units apart. A conversion to another timescale rounds to nearest, once, at the end. Floating-point
//! seconds ([`Ticks::as_seconds`]) exist for display and for text formats such as `EXTINF`; no decision uses them.
//!
//! ```
//! use reelsmith_core::time::{FrameCount, FrameRate, Ticks, Timescale};
//!
//! let ntsc: FrameRate = "30000/1001".parse()?;
//! assert_eq!(ntsc.timescale(), Timescale(30_000));
//! assert_eq!(ntsc.frames_in_millis(10_000), FrameCount(300));
//! assert_eq!(ntsc.duration_of(FrameCount(300)), Ticks(300 * 1_001));
//! # Ok::<(), reelsmith_core::time::BadFrameRate>(())
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Ticks per second of a track, as in `mdhd.timescale` (ISO/IEC 14496-12, 8.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timescale(pub u32);

/// A time or a duration in ticks of a [`Timescale`]. It may be negative (priming, composition offsets).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Ticks(pub i64);

impl Ticks {
    /// The same time in another timescale, rounded to nearest, halves away from zero.
    ///
    /// The result saturates at the ends of `i64`, which no media time reaches.
    pub fn rescale(self, from: Timescale, to: Timescale) -> Self {
        let (num, den) = (
            i128::from(self.0) * i128::from(to.0),
            i128::from(from.0.max(1)),
        );
        let half = if num < 0 { -den / 2 } else { den / 2 };
        Self(i64::try_from((num + half) / den).unwrap_or(if num < 0 { i64::MIN } else { i64::MAX }))
    }

    /// Seconds, for display and for text formats such as `EXTINF`. Do not base a decision on them.
    pub fn as_seconds(self, timescale: Timescale) -> f64 {
        self.0 as f64 / f64::from(timescale.0.max(1))
    }
}

/// Frames per second as a reduced fraction, for example 24000/1001. Written as `"24000/1001"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FrameRate {
    num: u32,
    den: u32,
}

/// A text that is not a frame rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a frame rate as N or N/D with positive integers, found {0:?}")]
pub struct BadFrameRate(pub String);

impl FrameRate {
    /// A frame rate of `num` frames in `den` seconds; `None` if either is zero.
    pub fn new(num: u32, den: u32) -> Option<Self> {
        if num == 0 || den == 0 {
            return None;
        }
        let g = gcd(u64::from(num), u64::from(den)) as u32;
        Some(Self {
            num: num / g,
            den: den / g,
        })
    }

    /// Numerator of the reduced fraction.
    pub fn num(self) -> u32 {
        self.num
    }

    /// Denominator of the reduced fraction.
    pub fn den(self) -> u32 {
        self.den
    }

    /// The timescale in which every frame lasts a whole number of ticks: at least 1,000 ticks per second.
    pub fn timescale(self) -> Timescale {
        let factor = if self.num >= 10_000 { 1 } else { 1_000 };
        Timescale(self.num.saturating_mul(factor))
    }

    /// Ticks of one frame in [`FrameRate::timescale`].
    pub fn ticks_per_frame(self) -> Ticks {
        Ticks(i64::from(self.den) * i64::from(self.timescale().0 / self.num))
    }

    /// Duration of `frames` in [`FrameRate::timescale`].
    pub fn duration_of(self, frames: FrameCount) -> Ticks {
        Ticks(
            self.ticks_per_frame()
                .0
                .saturating_mul(i64::try_from(frames.0).unwrap_or(i64::MAX)),
        )
    }

    /// Frames in a duration given in milliseconds, rounded to nearest, at least one.
    pub fn frames_in_millis(self, millis: u64) -> FrameCount {
        let millis = Ticks(i64::try_from(millis).unwrap_or(i64::MAX));
        FrameCount(self.frames_in(millis, Timescale(1_000)).0.max(1))
    }

    /// Frames in `duration`, rounded to nearest.
    pub fn frames_in(self, duration: Ticks, timescale: Timescale) -> FrameCount {
        let num = u128::from(duration.0.max(0).unsigned_abs()) * u128::from(self.num);
        let den = u128::from(self.den) * u128::from(timescale.0.max(1));
        FrameCount(u64::try_from((num + den / 2) / den).unwrap_or(u64::MAX))
    }

    /// Samples at `sample_rate` in `frames`, rounded to nearest.
    pub fn samples_in(self, frames: FrameCount, sample_rate: u32) -> u64 {
        let num = u128::from(frames.0) * u128::from(self.den) * u128::from(sample_rate);
        let den = u128::from(self.num);
        u64::try_from((num + den / 2) / den).unwrap_or(u64::MAX)
    }

    /// Frames per second, for display and for comparison with a tolerance. Do not compute a boundary from it.
    pub fn as_f64(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }

    /// Whether this rate is greater than a whole number of frames per second.
    pub fn exceeds(self, fps: u32) -> bool {
        u64::from(self.num) > u64::from(fps) * u64::from(self.den)
    }

    /// This rate, halved until it does not exceed a whole number of frames per second (at least 1).
    pub fn halved_to(self, fps: u32) -> Self {
        let mut rate = self;
        while rate.exceeds(fps.max(1)) {
            match Self::new(rate.num, rate.den.saturating_mul(2)) {
                Some(half) if half != rate => rate = half,
                _ => break,
            }
        }
        rate
    }

    /// This rate, multiplied until it is at least one frame per second.
    pub fn raised_to_one(self) -> Self {
        let factor = self.den.div_ceil(self.num.max(1)).max(1);
        Self::new(self.num.saturating_mul(factor), self.den).unwrap_or(self)
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.den == 1 {
            write!(f, "{}", self.num)
        } else {
            write!(f, "{}/{}", self.num, self.den)
        }
    }
}

impl FromStr for FrameRate {
    type Err = BadFrameRate;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadFrameRate(text.to_owned());
        let (num, den) = text.split_once('/').unwrap_or((text, "1"));
        let parse = |s: &str| s.parse::<u32>().map_err(|_| bad());
        Self::new(parse(num)?, parse(den)?).ok_or_else(bad)
    }
}

impl TryFrom<String> for FrameRate {
    type Error = BadFrameRate;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<FrameRate> for String {
    fn from(rate: FrameRate) -> Self {
        rate.to_string()
    }
}

/// A number of frames.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct FrameCount(pub u64);

/// A half-open range of frames `[start, end)` on the output's constant frame grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FrameRange {
    pub start: u64,
    /// One past the last frame.
    pub end: u64,
}

impl FrameRange {
    /// Number of frames.
    pub fn count(self) -> FrameCount {
        FrameCount(self.end.saturating_sub(self.start))
    }

    /// Whether the range contains no frame.
    pub fn is_empty(self) -> bool {
        self.end <= self.start
    }
}

impl fmt::Display for FrameRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {})", self.start, self.end)
    }
}

/// An instant as milliseconds since 1970-01-01T00:00:00Z. It comes from the clock port.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// This instant plus whole seconds.
    pub fn plus_seconds(self, seconds: u32) -> Self {
        Self(self.0.saturating_add(i64::from(seconds) * 1_000))
    }

    /// The instant of a text such as `2026-11-30T16:19:10.000Z` (RFC 3339).
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let instant: jiff::Timestamp = text.parse().ok()?;
        Some(Self(instant.as_millisecond()))
    }
}

/// `2026-11-30 16:19:10 UTC`.
impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S UTC").fmt(f),
            Err(_) => f.write_str("–"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(text: &str) -> FrameRate {
        text.parse().unwrap()
    }

    #[test]
    fn common_rates_have_whole_ticks() {
        for (text, timescale, ticks) in [
            ("24", 24_000, 1_000),
            ("24000/1001", 24_000, 1_001),
            ("25", 25_000, 1_000),
            ("30000/1001", 30_000, 1_001),
            ("60", 60_000, 1_000),
            ("15", 15_000, 1_000),
            ("1", 1_000, 1_000),
            ("25/2", 25_000, 2_000),
        ] {
            assert_eq!(rate(text).timescale(), Timescale(timescale), "{text}");
            assert_eq!(rate(text).ticks_per_frame(), Ticks(ticks), "{text}");
        }
    }

    #[test]
    fn ten_seconds_of_ntsc_video_are_300_frames() {
        assert_eq!(rate("30000/1001").frames_in_millis(10_000), FrameCount(300));
    }

    #[test]
    fn fractions_are_reduced_and_zeros_are_refused() {
        assert_eq!(FrameRate::new(50, 2), FrameRate::new(25, 1));
        assert_eq!(FrameRate::new(0, 1), None);
        assert_eq!(
            "24/0".parse::<FrameRate>(),
            Err(BadFrameRate("24/0".into()))
        );
    }

    proptest! {
        #[test]
        fn ticks_of_a_frame_are_exact(num in 1u32..240_000, den in 1u32..2_000) {
            let rate = FrameRate::new(num, den).unwrap();
            let lhs = i128::from(rate.ticks_per_frame().0) * i128::from(rate.num());
            prop_assert_eq!(lhs, i128::from(rate.den()) * i128::from(rate.timescale().0));
        }

        #[test]
        fn rescaling_to_a_finer_scale_and_back_is_the_identity(ticks in -1_000_000_000i64..1_000_000_000, scale in 1u32..90_000, factor in 1u32..100) {
            let (coarse, fine) = (Timescale(scale), Timescale(scale * factor));
            prop_assert_eq!(Ticks(ticks).rescale(coarse, fine).rescale(fine, coarse), Ticks(ticks));
        }

        #[test]
        fn frames_equal_the_frames_of_their_duration(frames in 0u64..10_000_000, num in 1u32..120_000, den in 1u32..1_002) {
            let rate = FrameRate::new(num, den).unwrap();
            let duration = rate.duration_of(FrameCount(frames));
            prop_assert_eq!(rate.frames_in(duration, rate.timescale()), FrameCount(frames));
        }
    }
}
