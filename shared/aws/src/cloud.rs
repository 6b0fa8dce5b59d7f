//! The clients and the error that `provision` and `operate` share.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::byte_stream::error::Error as ByteStreamError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::error::operation::BuildError;
use reelsmith_core::ports::{PortError, PortErrorKind, PortResult, chain};

use crate::Sdk;
use crate::error::{credentials_error, port_error};

/// Why an action of the command line or the local stack failed. It reads as `could not create bucket b: …`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not {action}: {}", source.reason())]
pub struct CloudError {
    action: String,
    source: PortError,
}

impl CloudError {
    /// An action that the state of things, or the contents of an answer, does not allow.
    pub fn new(action: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::port(action, PortError::new(PortErrorKind::Invalid, reason))
    }

    /// An action on something that does not exist.
    pub fn not_found(action: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::port(action, PortError::new(PortErrorKind::NotFound, reason))
    }

    /// An action that failed because of the error of a port.
    pub fn port(action: impl Into<String>, source: PortError) -> Self {
        Self {
            action: action.into(),
            source,
        }
    }

    /// What was attempted, as `create bucket reelsmith-input`.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// Why it failed, on one line for people.
    pub fn detail(&self) -> String {
        self.source.reason()
    }

    /// What the error means for the caller.
    pub fn kind(&self) -> PortErrorKind {
        self.source.kind()
    }

    /// The error code of the service, if it answered with one.
    pub fn code(&self) -> Option<&str> {
        self.source.code()
    }
}

pub(crate) type CloudResult<T> = Result<T, CloudError>;

/// `None` in place of the error that what was asked for does not exist.
pub(crate) fn if_found<T>(answer: CloudResult<T>) -> CloudResult<Option<T>> {
    match answer {
        Err(e) if e.kind() == PortErrorKind::NotFound => Ok(None),
        answer => answer.map(Some),
    }
}

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
        let action = action.into();
        self.map_err(|error| port_error(&action, error))
            .doing(action)
    }
}

impl<T> Doing<T> for PortResult<T> {
    fn doing(self, action: impl Into<String>) -> CloudResult<T> {
        self.map_err(|mut error| {
            // If a session has expired, signing in again helps and trying again does not.
            if credentials_error(&error).is_some() {
                error = error.with_kind(PortErrorKind::Unauthenticated);
            }
            CloudError::port(action, error)
        })
    }
}

macro_rules! unsent {
    ($($error:ty),+) => {$(
        impl<T> Doing<T> for Result<T, $error> {
            fn doing(self, action: impl Into<String>) -> CloudResult<T> {
                self.map_err(|e| CloudError::new(action, chain(&e)))
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
    /// The clients of a configuration.
    pub fn new(sdk: &Sdk) -> Self {
        let config = sdk.config();
        Self {
            sdk: sdk.clone(),
            s3: sdk.s3_client(),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            logs: aws_sdk_cloudwatchlogs::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
            lambda: aws_sdk_lambda::Client::new(config),
            sfn: aws_sdk_sfn::Client::new(config),
        }
    }

    /// The configuration that the clients were made from.
    pub fn sdk(&self) -> &Sdk {
        &self.sdk
    }

    /// The region of the clients.
    pub fn region(&self) -> &str {
        self.sdk.region().unwrap_or("us-east-1")
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
    fn an_expired_session_is_unauthenticated() {
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
