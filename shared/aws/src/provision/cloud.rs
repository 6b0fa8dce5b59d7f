//! The clients that provisioning and operating share.

use std::error::Error;
use std::sync::Arc;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::byte_stream::error::Error as ByteStreamError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::error::operation::BuildError;
use reelsmith_core::ports::{Cause, PortError, PortErrorKind, ServiceAnswer, chain};

use crate::Sdk;
use crate::error::{credentials_error, kind, split};

/// Why a call by the command line or the local stack did not succeed. It reads as `could not create bucket b: …`.
#[derive(Clone, Debug, thiserror::Error)]
#[error("could not {}: {}", self.action(), self.detail())]
pub enum CloudError {
    /// AWS, or the emulator, answered with an error.
    Answered {
        /// What was attempted, as `create bucket reelsmith-input`.
        action: String,
        kind: PortErrorKind,
        answer: Box<ServiceAnswer>,
        source: Cause,
    },
    /// No answer came back, or the request could not be made.
    Unanswered {
        action: String,
        kind: PortErrorKind,
        source: Cause,
    },
    /// A port failed.
    Port { action: String, source: PortError },
    /// The state of things, or the contents of an answer, does not allow the action.
    Refused {
        action: String,
        kind: PortErrorKind,
        reason: String,
    },
}

impl CloudError {
    /// An action that cannot be carried out, for a reason that no service gave.
    pub fn new(action: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Refused {
            action: action.into(),
            kind: PortErrorKind::Invalid,
            reason: reason.into(),
        }
    }

    /// An action on something that does not exist.
    pub fn not_found(action: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Refused {
            action: action.into(),
            kind: PortErrorKind::NotFound,
            reason: reason.into(),
        }
    }

    /// An action that failed because a port did.
    pub fn port(action: impl Into<String>, source: PortError) -> Self {
        Self::Port {
            action: action.into(),
            source,
        }
    }

    fn unsent(action: String, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Unanswered {
            action,
            kind: PortErrorKind::Invalid,
            source: Arc::new(source),
        }
    }

    /// What was attempted, as `create bucket reelsmith-input`.
    #[must_use]
    pub fn action(&self) -> &str {
        match self {
            Self::Answered { action, .. }
            | Self::Unanswered { action, .. }
            | Self::Port { action, .. }
            | Self::Refused { action, .. } => action,
        }
    }

    /// What the error means for the caller.
    #[must_use]
    pub fn kind(&self) -> PortErrorKind {
        match self {
            Self::Answered { kind, .. }
            | Self::Unanswered { kind, .. }
            | Self::Refused { kind, .. } => *kind,
            Self::Port { source, .. } => source.kind(),
        }
    }

    /// Whether the thing that the action was about does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind() == PortErrorKind::NotFound
    }

    /// The error code of the service, if it answered with one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Answered { answer, .. } => answer.code.as_deref(),
            Self::Port { source, .. } => source.code(),
            Self::Unanswered { .. } | Self::Refused { .. } => None,
        }
    }

    /// Why the action failed, on one line for people.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Answered { answer, .. } => answer.to_string(),
            Self::Unanswered { source, .. } => chain(source),
            Self::Port { source, .. } => source.detail(),
            Self::Refused { reason, .. } => reason.clone(),
        }
    }
}

/// Result of a call.
pub(crate) type CloudResult<T> = Result<T, CloudError>;

/// Names the action that failed.
pub(crate) trait Doing<T> {
    /// Turns the error into a [`CloudError`] about this action.
    fn doing(self, action: impl Into<String>) -> CloudResult<T>;
}

impl<T, E> Doing<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    fn doing(self, action: impl Into<String>) -> CloudResult<T> {
        self.map_err(|error| {
            // A session that has expired is a fault of the provider: signing in again helps, trying again does not.
            let kind = match credentials_error(&error) {
                Some(_) => PortErrorKind::Unauthenticated,
                None => kind(&error),
            };
            let action = action.into();
            match split(error) {
                Ok((answer, source)) => CloudError::Answered {
                    action,
                    kind,
                    answer: Box::new(answer),
                    source,
                },
                Err(source) => CloudError::Unanswered {
                    action,
                    kind,
                    source,
                },
            }
        })
    }
}

macro_rules! unsent {
    ($($error:ty),+) => {$(
        impl<T> Doing<T> for Result<T, $error> {
            fn doing(self, action: impl Into<String>) -> CloudResult<T> {
                self.map_err(|e| CloudError::unsent(action.into(), e))
            }
        }
    )+};
}

unsent!(BuildError, ByteStreamError, std::io::Error);

/// The clients of one account and region, or of one local stack.
#[derive(Clone, Debug)]
pub struct Cloud {
    sdk: Sdk,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) sns: aws_sdk_sns::Client,
    pub(crate) lambda: aws_sdk_lambda::Client,
    pub(crate) sfn: aws_sdk_sfn::Client,
}

impl Cloud {
    /// The clients of a configuration. With an endpoint of its own, buckets are addressed in the path.
    #[must_use]
    pub fn new(sdk: &Sdk) -> Self {
        let config = sdk.config();
        let s3 = aws_sdk_s3::config::Builder::from(config)
            .force_path_style(config.endpoint_url().is_some())
            .build();
        Self {
            sdk: sdk.clone(),
            s3: aws_sdk_s3::Client::from_conf(s3),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            logs: aws_sdk_cloudwatchlogs::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
            lambda: aws_sdk_lambda::Client::new(config),
            sfn: aws_sdk_sfn::Client::new(config),
        }
    }

    /// The configuration the clients were made from; the ports' adapters are made from the same.
    #[must_use]
    pub fn sdk(&self) -> &Sdk {
        &self.sdk
    }

    /// The region the clients talk to.
    #[must_use]
    pub fn region(&self) -> &str {
        self.sdk
            .config()
            .region()
            .map_or("us-east-1", |r| r.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use aws_credential_types::provider::error::CredentialsError;
    use aws_sdk_lambda::operation::get_function::GetFunctionError;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    fn answered(status: u16, code: &str) -> CloudError {
        let metadata = ErrorMetadata::builder().code(code).message("why").build();
        let response = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
        let error = SdkError::service_error(GetFunctionError::generic(metadata), response);
        Err::<(), _>(error).doing("look at function f").unwrap_err()
    }

    #[test]
    fn the_answer_of_the_service_is_shown_after_the_action() {
        let error = answered(400, "InvalidParameterValueException");
        assert_eq!(
            error.to_string(),
            "could not look at function f: InvalidParameterValueException: why"
        );
        assert_eq!(error.kind(), PortErrorKind::Invalid);
        assert_eq!(error.code(), Some("InvalidParameterValueException"));
        assert!(error.source().is_some());
    }

    #[test]
    fn the_kind_follows_from_the_answer() {
        let kind = |status, code| answered(status, code).kind();
        assert_eq!(
            kind(404, "ResourceNotFoundException"),
            PortErrorKind::NotFound
        );
        assert_eq!(kind(403, "AccessDeniedException"), PortErrorKind::Denied);
        assert_eq!(
            kind(400, "ExpiredTokenException"),
            PortErrorKind::Unauthenticated
        );
        assert_eq!(kind(429, "ThrottlingException"), PortErrorKind::Unavailable);
    }

    #[test]
    fn an_expired_session_asks_to_sign_in_again() {
        type Call = Result<(), SdkError<GetFunctionError, HttpResponse>>;
        let expired = CredentialsError::provider_error("the SSO session has expired");
        let failed: Call = Err(SdkError::dispatch_failure(ConnectorError::other(
            expired.into(),
            None,
        )));
        let error = failed.doing("list the executions").unwrap_err();
        assert_eq!(error.kind(), PortErrorKind::Unauthenticated);
        assert!(
            error.to_string().ends_with("the SSO session has expired"),
            "{error}"
        );
    }
}
