//! What a handler may know of its own invocation.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_runtime::Context;

use crate::metric::Place;

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
    pub(crate) fn of(context: &Context) -> Self {
        let deadline = UNIX_EPOCH + Duration::from_millis(context.deadline);
        Self {
            request_id: context.request_id.clone(),
            worker: worker_name(&context.env_config.log_stream),
            place: Place::of(&context.env_config.function_name),
            remaining: deadline
                .duration_since(SystemTime::now())
                .unwrap_or_default(),
        }
    }

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

/// The log stream names the execution environment; where a runtime gives all environments one name, the process id tells them apart.
fn worker_name(log_stream: &str) -> String {
    format!("{log_stream}#{}", std::process::id())
}
