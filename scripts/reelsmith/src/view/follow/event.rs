//! What happens to an execution, one thing at a time.

use reelsmith_aws::operate::{HistoryEvent, HistoryKind};
use serde_json::{Value, json};

use super::Progress;
use crate::commands::list::Status;
use crate::job::outcome::readable;
use crate::view::text;

/// Longest line of a cause that is shown while following; the whole is shown at the end.
const MAX_CAUSE: usize = 200;

/// One thing that happened. Times are milliseconds since the execution's start.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A state was entered.
    Entered {
        /// When.
        after_ms: i64,
        /// Its name.
        state: String,
    },
    /// A state was left.
    Left {
        /// When.
        after_ms: i64,
        /// Its name.
        state: String,
    },
    /// A function failed, perhaps not for the last time.
    Failed {
        /// When.
        after_ms: i64,
        /// Error name.
        error: String,
        /// What it says.
        cause: String,
    },
    /// The encode got further.
    Progress(Progress),
    /// The execution has ended.
    Ended {
        /// When.
        after_ms: i64,
        /// How.
        status: Status,
        /// Error name, where it failed.
        error: Option<String>,
    },
}

impl Event {
    /// The event of a history's event.
    #[must_use]
    pub fn of(event: &HistoryEvent, after_ms: i64) -> Self {
        match event.kind.clone() {
            HistoryKind::Entered { state } => Self::Entered { after_ms, state },
            HistoryKind::Exited { state, .. } => Self::Left { after_ms, state },
            HistoryKind::TaskFailed { error, cause } => Self::Failed {
                after_ms,
                error,
                cause: readable(&cause),
            },
        }
    }

    /// As a line, where it is worth one.
    #[must_use]
    pub fn line(&self) -> Option<String> {
        match self {
            Self::Entered { after_ms, state } => Some(format!("{} {state}", clock(*after_ms))),
            Self::Failed {
                after_ms,
                error,
                cause,
            } => {
                let first = cause.lines().next().unwrap_or_default();
                let shown: String = first.chars().take(MAX_CAUSE).collect();
                Some(format!("{}   {error}: {shown}", clock(*after_ms)))
            }
            Self::Progress(progress) => Some(format!("          {}", progress.describe())),
            Self::Left { .. } | Self::Ended { .. } => None,
        }
    }

    /// As JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let after = |ms: i64| text::seconds(ms);
        match self {
            Self::Entered { after_ms, state } => {
                json!({"event": "entered", "after": after(*after_ms), "state": state})
            }
            Self::Left { after_ms, state } => {
                json!({"event": "left", "after": after(*after_ms), "state": state})
            }
            Self::Failed {
                after_ms,
                error,
                cause,
            } => {
                json!({"event": "failed", "after": after(*after_ms), "error": error, "cause": cause})
            }
            Self::Progress(progress) => {
                let mut value = serde_json::to_value(progress).unwrap_or_default();
                value["event"] = "progress".into();
                value["speed"] = progress.speed().into();
                value["seconds_left"] = progress.seconds_left().into();
                value
            }
            Self::Ended {
                after_ms,
                status,
                error,
            } => {
                json!({"event": "ended", "after": after(*after_ms), "status": status, "error": error})
            }
        }
    }
}

/// Milliseconds since the start as `  12.3 s`.
pub(super) fn clock(ms: i64) -> String {
    let tenths = ms.max(0) / 100;
    format!("{:>6}.{} s", tenths / 10, tenths % 10)
}
