//! The events of an execution, as lines of text and as JSON.

use reelsmith_aws::operate::{ExecutionStatus, HistoryEvent, HistoryKind};
use reelsmith_contract::payload::error_message;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Progress;
use crate::view::text;

/// Longest part of a cause that is shown while following; the end shows all of it.
const MAX_CAUSE: usize = 400;

/// One event. Times are milliseconds since the start of the execution.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    Entered {
        #[serde(rename = "after", serialize_with = "seconds")]
        after_ms: i64,
        state: String,
    },
    Left {
        #[serde(rename = "after", serialize_with = "seconds")]
        after_ms: i64,
        state: String,
    },
    /// A function failed; its state may retry.
    Failed {
        #[serde(rename = "after", serialize_with = "seconds")]
        after_ms: i64,
        error: String,
        cause: String,
    },
    Progress(Progress),
    Ended {
        #[serde(rename = "after", serialize_with = "seconds")]
        after_ms: i64,
        status: ExecutionStatus,
        error: Option<String>,
    },
}

impl Event {
    pub fn of(event: &HistoryEvent, after_ms: i64) -> Self {
        match event.kind.clone() {
            HistoryKind::Entered { state } => Self::Entered { after_ms, state },
            HistoryKind::Exited { state, .. } => Self::Left { after_ms, state },
            HistoryKind::TaskFailed { error, cause } => Self::Failed {
                after_ms,
                error,
                cause: error_message(&cause),
            },
        }
    }

    /// The line to show; `None` for events that are not shown.
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

    pub fn json(&self) -> Value {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        if let Self::Progress(progress) = self {
            value["speed"] = progress.speed().into();
            value["seconds_left"] = progress.seconds_left().into();
        }
        value
    }
}

fn seconds<S: Serializer>(ms: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    text::seconds(*ms).serialize(serializer)
}

/// Milliseconds since the start as `  12.3 s`.
pub(super) fn clock(ms: i64) -> String {
    let tenths = ms.max(0) / 100;
    format!("{:>6}.{} s", tenths / 10, tenths % 10)
}
