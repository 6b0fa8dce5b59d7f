//! Why a port could not do what it was asked to do.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// What a failed call means for the caller of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortErrorKind {
    /// There is no such object, row, job or execution.
    NotFound,
    /// The object is no longer the pinned version.
    Changed,
    /// The caller is known and is not allowed to do this.
    Denied,
    /// There are no credentials, they have expired, or the service does not accept them.
    Unauthenticated,
    /// Throttling, a timeout or a fault of the service: the same call may succeed later.
    Unavailable,
    /// The request is wrong; the same call fails again.
    Invalid,
}

impl PortErrorKind {
    /// Whether the call failed before the service looked at the thing it was about: the thing itself may be intact.
    pub fn is_about_access(self) -> bool {
        matches!(
            self,
            Self::Denied | Self::Unauthenticated | Self::Unavailable
        )
    }
}

/// The error that a service answered with. It reads as `AccessDenied: User … is not authorized`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceAnswer {
    /// The error code of the service, such as `NoSuchKey`.
    pub code: Option<String>,
    /// The service's own words.
    pub message: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
}

impl fmt::Display for ServiceAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.code, self.status) {
            (Some(code), _) => f.write_str(code)?,
            (None, Some(status)) => write!(f, "HTTP {status}")?,
            (None, None) => f.write_str("refused")?,
        }
        match &self.message {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

/// The error beneath another one, shared so that errors stay cheap to clone.
pub type Cause = Arc<dyn Error + Send + Sync>;

/// Why a port could not do what it was asked to do. Callers decide by [`PortError::kind`]; people read
/// [`PortError::detail`].
#[derive(Clone, Debug, thiserror::Error)]
pub enum PortError {
    /// The service answered with an error.
    #[error("{operation} {resource}: {answer}{}", hint.unwrap_or_default())]
    Answered {
        kind: PortErrorKind,
        /// The API call, such as `GetObject`.
        operation: &'static str,
        /// The object, table, topic, state machine or job that the call was about.
        resource: String,
        answer: Box<ServiceAnswer>,
        /// What else the answer can mean, in parentheses.
        hint: Option<&'static str>,
        source: Cause,
    },
    /// No answer came back: the call could not be sent, was cut off, or took too long.
    #[error("{operation} {resource}: no answer")]
    Unanswered {
        kind: PortErrorKind,
        operation: &'static str,
        resource: String,
        source: Cause,
    },
    /// The adapter refused the request before it was sent, or the contents of an answer.
    #[error("{detail}")]
    Refused { kind: PortErrorKind, detail: String },
}

impl PortError {
    /// An error that an adapter raises itself. `detail` names the call, what was expected and what was found.
    pub fn new(kind: PortErrorKind, detail: impl Into<String>) -> Self {
        Self::Refused {
            kind,
            detail: detail.into(),
        }
    }

    /// What the error means for the caller.
    pub fn kind(&self) -> PortErrorKind {
        match self {
            Self::Answered { kind, .. }
            | Self::Unanswered { kind, .. }
            | Self::Refused { kind, .. } => *kind,
        }
    }

    /// The error code of the service, if it answered with one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Answered { answer, .. } => answer.code.as_deref(),
            Self::Unanswered { .. } | Self::Refused { .. } => None,
        }
    }

    /// The call, its resource and the reason, on one line for people.
    pub fn detail(&self) -> String {
        match self {
            Self::Unanswered { .. } => chain(self),
            // The sources of an answered call repeat its code and message.
            Self::Answered { .. } | Self::Refused { .. } => self.to_string(),
        }
    }

    /// The reason alone, for a text that already names the call and its resource.
    pub fn reason(&self) -> String {
        match self {
            Self::Answered { answer, hint, .. } => format!("{answer}{}", hint.unwrap_or_default()),
            Self::Unanswered { source, .. } => chain(source),
            Self::Refused { detail, .. } => detail.clone(),
        }
    }

    /// The same error with another meaning for the caller.
    pub fn with_kind(mut self, new: PortErrorKind) -> Self {
        match &mut self {
            Self::Answered { kind, .. }
            | Self::Unanswered { kind, .. }
            | Self::Refused { kind, .. } => *kind = new,
        }
        self
    }

    /// The same error with a note on what the service's answer can also mean. `note` begins with a space.
    pub fn with_hint(mut self, note: &'static str) -> Self {
        if let Self::Answered { hint, .. } = &mut self {
            *hint = Some(note);
        }
        self
    }
}

/// Errors are equal if they mean and say the same; their sources are not compared.
impl PartialEq for PortError {
    fn eq(&self, other: &Self) -> bool {
        self.kind() == other.kind() && self.detail() == other.detail()
    }
}

impl Eq for PortError {}

/// An error with all its sources on one line. A source that only repeats the error above it is left out.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in std::iter::successors(Some(error), |e| (*e).source()).map(ToString::to_string) {
        if parts.last() != Some(&part) {
            parts.push(part);
        }
    }
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(answer: ServiceAnswer) -> PortError {
        PortError::Answered {
            kind: PortErrorKind::Denied,
            operation: "GetItem",
            resource: "table t".to_owned(),
            answer: Box::new(answer),
            hint: None,
            source: Arc::new(std::io::Error::other("service error")),
        }
    }

    #[test]
    fn an_answered_call_reads_as_call_code_and_message() {
        let error = answered(ServiceAnswer {
            code: Some("AccessDeniedException".to_owned()),
            message: Some("no".to_owned()),
            status: Some(400),
        });
        assert_eq!(error.detail(), "GetItem table t: AccessDeniedException: no");
        assert_eq!(error.code(), Some("AccessDeniedException"));
        assert_eq!(error.kind(), PortErrorKind::Denied);
        assert!(error.source().is_some());
        let hinted = error.with_hint(" (or not there)");
        assert!(hinted.detail().ends_with("no (or not there)"), "{hinted}");
    }

    #[test]
    fn without_a_code_the_status_is_shown() {
        let error = answered(ServiceAnswer {
            status: Some(503),
            ..ServiceAnswer::default()
        });
        assert_eq!(error.detail(), "GetItem table t: HTTP 503");
    }

    #[test]
    fn an_unanswered_call_shows_every_source_once() {
        let error = PortError::Unanswered {
            kind: PortErrorKind::Unavailable,
            operation: "Publish",
            resource: "topic".to_owned(),
            source: Arc::new(std::io::Error::other("connection reset")),
        };
        assert_eq!(error.to_string(), "Publish topic: no answer");
        assert_eq!(error.detail(), "Publish topic: no answer: connection reset");
    }
}
