//! The one place where an SDK error becomes a port error.

use std::error::Error;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::error::operation::BuildError;
use backon::{BackoffBuilder as _, ExponentialBuilder};
use reelsmith_core::ports::{PortError, PortErrorKind, ServiceAnswer, chain};

/// An SDK error as a port error. `resource` is the object, table, topic or state machine that the call was about. Payloads
/// never become part of the error.
pub(crate) fn port_error<E>(resource: &dyn Display, error: SdkError<E, HttpResponse>) -> PortError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    // The SDK names its error types after the API call: `aws_sdk_s3::operation::get_object::GetObjectError`.
    let name = std::any::type_name::<E>();
    let operation = name.rsplit("::").next().unwrap_or(name);
    let operation = operation.trim_end_matches("Error");
    let (kind, resource, status) = (kind(&error), resource.to_string(), status(&error));
    match error {
        SdkError::ServiceError(answered) => {
            let source = answered.into_err();
            let answer = ServiceAnswer {
                code: source.code().map(str::to_owned),
                message: source.message().map(str::to_owned),
                status,
            };
            PortError::Answered {
                kind,
                operation,
                resource,
                answer: Box::new(answer),
                hint: None,
                source: Arc::new(source),
            }
        }
        unanswered => PortError::Unanswered {
            kind,
            operation,
            resource,
            source: Arc::new(unanswered),
        },
    }
}

/// A request that cannot be built: a required field is missing.
pub(crate) fn unbuilt(error: BuildError) -> PortError {
    PortError::new(PortErrorKind::Invalid, chain(&error))
}

/// The waits between retries: exponential with jitter, from `first_ms` up to `most_ms` milliseconds.
pub(crate) fn pauses(
    first_ms: u64,
    most_ms: u64,
    retries: usize,
) -> impl Iterator<Item = Duration> + Send {
    ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(Duration::from_millis(first_ms))
        .with_max_delay(Duration::from_millis(most_ms))
        .with_max_times(retries)
        .build()
}

pub(crate) fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error.as_service_error().and_then(|e| e.code())
}

/// The HTTP status of the answer, if there was one.
pub(crate) fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|r| r.status().as_u16())
}

fn kind<E>(error: &SdkError<E, HttpResponse>) -> PortErrorKind
where
    E: Error + ProvideErrorMetadata + 'static,
{
    match error {
        SdkError::ServiceError(_) => code(error)
            .and_then(kind_of_code)
            .or_else(|| status(error).and_then(kind_of_status))
            .unwrap_or(PortErrorKind::Invalid),
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => PortErrorKind::Unavailable,
        SdkError::DispatchFailure(failure)
            if failure.as_connector_error().is_some_and(|e| e.is_user()) =>
        {
            PortErrorKind::Invalid
        }
        other => match (credentials_error(other), other) {
            (Some(credentials), _) => kind_of_credentials(credentials),
            (None, SdkError::DispatchFailure(_)) => PortErrorKind::Unavailable,
            (None, _) => PortErrorKind::Invalid,
        },
    }
}

/// A process without credentials fails again however often it calls; a credentials service that is slow may recover.
fn kind_of_credentials(error: &CredentialsError) -> PortErrorKind {
    match error {
        CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_) => {
            PortErrorKind::Unauthenticated
        }
        _ => PortErrorKind::Unavailable,
    }
}

/// The meaning of an error code of any of the services used. `None` leaves the decision to the HTTP status.
pub(crate) fn kind_of_code(code: &str) -> Option<PortErrorKind> {
    use PortErrorKind as Kind;
    Some(match code {
        "NoSuchKey"
        | "NoSuchVersion"
        | "NoSuchBucket"
        | "NoSuchUpload"
        | "NotFound"
        | "NotFoundException"
        | "ResourceNotFoundException"
        | "StateMachineDoesNotExist"
        | "ExecutionDoesNotExist"
        | "QueueDoesNotExist"
        | "AWS.SimpleQueueService.NonExistentQueue" => Kind::NotFound,
        "PreconditionFailed" => Kind::Changed,
        "AccessDenied"
        | "AccessDeniedException"
        | "AuthorizationError"
        | "AuthorizationErrorException"
        | "KMSAccessDenied" => Kind::Denied,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidAccessKeyId"
        | "InvalidClientTokenId"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => Kind::Unauthenticated,
        "BandwidthLimitExceeded"
        | "ConditionalRequestConflict"
        | "IncompleteBody"
        | "InternalError"
        | "InternalErrorException"
        | "InternalFailure"
        | "InternalServerError"
        | "KMSThrottling"
        | "OperationAborted"
        | "ProvisionedThroughputExceeded"
        | "ProvisionedThroughputExceededException"
        | "RequestLimitExceeded"
        | "RequestTimeout"
        | "RequestTimeoutException"
        | "ServiceQuotaExceededException"
        | "ServiceUnavailable"
        | "SlowDown"
        | "Throttled"
        | "ThrottledException"
        | "Throttling"
        | "ThrottlingError"
        | "ThrottlingException"
        | "TooManyRequestsException"
        | "TransactionConflict"
        | "TransactionConflictException"
        | "TransactionInProgressException" => Kind::Unavailable,
        _ => return None,
    })
}

fn kind_of_status(status: u16) -> Option<PortErrorKind> {
    match status {
        401 => Some(PortErrorKind::Unauthenticated),
        403 => Some(PortErrorKind::Denied),
        404 => Some(PortErrorKind::NotFound),
        412 => Some(PortErrorKind::Changed),
        408 | 429 | 500..=599 => Some(PortErrorKind::Unavailable),
        _ => None,
    }
}

/// The error of the credentials provider beneath an error, if that is why a call was not sent.
pub(crate) fn credentials_error<'a>(
    error: &'a (dyn Error + 'static),
) -> Option<&'a CredentialsError> {
    std::iter::successors(Some(error), |e| (*e).source()).find_map(|e| e.downcast_ref())
}

#[cfg(test)]
mod tests;
