//! Which requests are spoiled, and how.

use std::fmt;

/// A kind of request, by what a function wants of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// Reading or listing objects.
    Read,
    /// Of the reads, those of a part of the newest version under the condition that it is a certain one.
    Pinned,
    /// Writing an object.
    Write,
    /// Deleting objects.
    Delete,
    /// Reading the table.
    TableRead,
    /// Writing the table.
    TableWrite,
    /// Publishing a message.
    Topic,
    /// Starting or describing executions.
    Workflow,
}

impl Service {
    /// The kind of a request, by its first line and its `x-amz-target`.
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

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The service answers with this status and error code; nothing is done.
    Answer(u16, &'static str),
    /// It is done; the answer never arrives.
    LoseAnswer,
    /// It is done; the answer breaks off after half of its body.
    CutBody,
    /// The function's process is killed, then nothing is done.
    KillBefore,
    /// It is done, then the function's process is killed.
    KillAfter,
    /// The function's process is stopped, so that only its time limit ends it.
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

/// Requests that are spoiled.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Folder of the function that asks.
    pub function: &'static str,
    /// What it asks; every kind where none is named.
    pub service: Option<Service>,
    /// Which of its matching requests is the first to be hit, from 1.
    pub nth: usize,
    /// How many in a row are hit.
    pub times: usize,
    /// What happens to them.
    pub effect: Effect,
}
