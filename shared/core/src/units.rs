//! Sizes as types, so that bytes and bits per second cannot be confused.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::{Ticks, Timescale};

/// A number of bytes.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Bytes(pub u64);

impl Bytes {
    /// The bit rate of this many bytes over a duration, rounded up; `None` if the duration is not positive.
    pub fn rate_over(self, duration: Ticks, timescale: Timescale) -> Option<BitsPerSecond> {
        let ticks = u128::try_from(duration.0).ok().filter(|t| *t > 0)?;
        let bits = u128::from(self.0) * 8 * u128::from(timescale.0);
        u64::try_from(bits.div_ceil(ticks)).ok().map(BitsPerSecond)
    }
}

impl std::iter::Sum for Bytes {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        Self(iter.map(|b| b.0).sum())
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0)
    }
}

/// A bit rate in bits per second.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct BitsPerSecond(pub u64);

impl fmt::Display for BitsPerSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bit/s", self.0)
    }
}

/// Width and height of a picture in square pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Resolution {
    pub width: u32,
    pub height: u32,
}

impl Resolution {
    /// The size after a rotation by 0, 90, 180 or 270 degrees.
    pub fn turned(self, rotation: u16) -> Self {
        if rotation % 180 == 90 {
            Self {
                width: self.height,
                height: self.width,
            }
        } else {
            self
        }
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_rounds_up_so_that_a_declared_peak_covers_the_measured_one() {
        let rate = Bytes(1_000).rate_over(Ticks(3), Timescale(1));
        assert_eq!(rate, Some(BitsPerSecond(2_667)));
    }

    #[test]
    fn a_rate_needs_a_positive_duration() {
        assert_eq!(Bytes(1).rate_over(Ticks(0), Timescale(1)), None);
        assert_eq!(Bytes(1).rate_over(Ticks(-1), Timescale(1)), None);
    }
}
