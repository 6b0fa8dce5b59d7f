//! A clock that moves when told to.

use std::sync::atomic::{AtomicI64, Ordering};

use reelsmith_core::ports::Clock;
use reelsmith_core::time::UnixMillis;

/// A clock that stands still until it is advanced. Starts at 2026-01-01T00:00:00Z unless told otherwise.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl Default for ManualClock {
    fn default() -> Self {
        Self::at(UnixMillis(1_767_225_600_000))
    }
}

impl ManualClock {
    /// A clock that stands at an instant.
    #[must_use]
    pub fn at(now: UnixMillis) -> Self {
        Self(AtomicI64::new(now.0))
    }

    /// Moves on by milliseconds; a negative number is a clock that was set back.
    pub fn advance_millis(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Moves on by whole seconds.
    pub fn advance_seconds(&self, seconds: u32) {
        self.advance_millis(i64::from(seconds) * 1_000);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::SeqCst))
    }
}
