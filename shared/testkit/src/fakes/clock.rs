//! A clock that a test advances.

use std::sync::atomic::{AtomicI64, Ordering};

use reelsmith_core::ports::Clock;
use reelsmith_core::time::UnixMillis;

/// A clock that moves only if a test advances it. It starts at 2026-01-01T00:00:00Z by default.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl Default for ManualClock {
    fn default() -> Self {
        Self::at(UnixMillis(1_767_225_600_000))
    }
}

impl ManualClock {
    /// A clock at an instant.
    #[must_use]
    pub fn at(now: UnixMillis) -> Self {
        Self(AtomicI64::new(now.0))
    }

    /// Advances by milliseconds; a negative number sets the clock back.
    pub fn advance_millis(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Advances by whole seconds.
    pub fn advance_seconds(&self, seconds: u32) {
        self.advance_millis(i64::from(seconds) * 1_000);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::SeqCst))
    }
}
