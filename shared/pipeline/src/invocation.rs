//! What a handler may know of its own invocation.

use std::time::Duration;

use crate::metrics::Place;

/// One invocation.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Request id.
    pub request_id: String,
    /// Name of the execution environment: its log stream.
    pub worker: String,
    /// Which deployment and function it is.
    pub place: Place,
    /// How long the handler may still take, measured at the start.
    pub remaining: Duration,
}

impl Invocation {
    /// An invocation for tests and tools, with an hour to spend.
    #[must_use]
    pub fn of_test(request_id: &str) -> Self {
        Self {
            request_id: request_id.to_owned(),
            worker: "test".to_owned(),
            place: Place::of("test"),
            remaining: Duration::from_secs(3_600),
        }
    }
}
