//! A rate with a burst: how AWS states its limits.

/// A token bucket in simulated seconds.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    size: f64,
    per_second: f64,
    tokens: f64,
    at: f64,
}

impl Bucket {
    /// Full at time zero.
    pub(super) fn new(size: f64, per_second: f64) -> Self {
        Self {
            size,
            per_second,
            tokens: size,
            at: 0.0,
        }
    }

    /// Takes a token at the earliest time from `now` on, and says when that is. Calls come in the order of their times.
    pub(super) fn take(&mut self, now: f64) -> f64 {
        let now = now.max(self.at);
        self.tokens = (self.tokens + (now - self.at) * self.per_second).min(self.size);
        let wait = ((1.0 - self.tokens) / self.per_second).max(0.0);
        self.at = now + wait;
        self.tokens += wait * self.per_second - 1.0;
        self.at
    }
}
