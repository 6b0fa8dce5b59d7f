//! The wall clock of the machine.

use std::time::{SystemTime, UNIX_EPOCH};

use reelsmith_core::ports::Clock;
use reelsmith_core::time::UnixMillis;

/// The wall clock of the machine, behind the [`Clock`] port.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock port")]
    fn now(&self) -> UnixMillis {
        // If the clock is before 1970, every lease looks live, which is safe.
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_counts_milliseconds_since_1970() {
        let year_2024 = UnixMillis(1_704_067_200_000);
        let year_2100 = UnixMillis(4_102_444_800_000);
        assert!((year_2024..year_2100).contains(&SystemClock.now()));
    }
}
