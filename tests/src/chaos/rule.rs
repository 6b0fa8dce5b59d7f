//! Which requests fail, and how.

use std::fmt;

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    Read,
    /// A ranged read of the newest version with `If-Match`.
    Pinned,
    Write,
    Delete,
    TableRead,
    TableWrite,
    /// Publishing to the topic.
    Topic,
    /// Starting or describing executions.
    Workflow,
}

impl Service {
    /// The kind of a request, from its first line and its `x-amz-target`.
    #[must_use]
    pub fn of(line: &str, target: &str, body: &[u8]) -> Self {
        let action = target.rsplit('.').next().unwrap_or_default();
        if target.starts_with("DynamoDB") {
            return match action {
                "GetItem" | "Query" => Self::TableRead,
                _ => Self::TableWrite,
            };
        }
        if target.starts_with("AWSStepFunctions") {
            return Self::Workflow;
        }
        if line.starts_with("PUT ") {
            return Self::Write;
        }
        if line.starts_with("POST /?") || line.starts_with("POST / ") {
            let publishes = body.windows(14).any(|w| w == b"Action=Publish");
            return if publishes { Self::Topic } else { Self::Delete };
        }
        if line.starts_with("POST ") || line.starts_with("DELETE ") {
            return Self::Delete;
        }
        Self::Read
    }
}

/// The effect on a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The service answers with this status and error code, and does nothing.
    Answer(u16, &'static str),
    /// The request takes effect, but the response is lost.
    LoseAnswer,
    /// The request takes effect, but the response breaks off after half of its body.
    CutBody,
    /// The function's process is killed before the request takes effect.
    KillBefore,
    /// The function's process is killed after the request takes effect.
    KillAfter,
    /// The function's process is suspended, so that only its time limit ends it.
    Freeze,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(status, code) => write!(f, "{status} {code}"),
            Self::LoseAnswer => f.write_str("done, answer lost"),
            Self::CutBody => f.write_str("body cut short"),
            Self::KillBefore => f.write_str("kill -9 before"),
            Self::KillAfter => f.write_str("kill -9 after"),
            Self::Freeze => f.write_str("frozen to its time limit"),
        }
    }
}

/// Selects requests and their effect.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Folder name of the calling function.
    pub function: &'static str,
    /// The kind of request; `None` selects every kind.
    pub service: Option<Service>,
    /// The first matching request to affect, counted from 1.
    pub nth: usize,
    /// How many consecutive matching requests to affect.
    pub times: usize,
    pub effect: Effect,
}
