//! What can be made to go wrong.

use serde::{Deserialize, Serialize};

/// One thing that goes wrong once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// The next CreateJob is accepted, and its answer lost. So many seconds then pass by the stand-in's own clock at once.
    LoseAnswer {
        /// More than 60, and the token is forgotten.
        then_pass_seconds: u32,
    },
    /// The next request of any kind is answered 429.
    Throttle,
    /// The next job to begin stays at work until it is called off.
    HoldJob,
    /// The next job to begin ends with an error.
    FailJob {
        /// The service's code, for example 1404.
        code: i32,
        /// What it says.
        message: String,
    },
}
