//! The one place where an SDK error becomes a port error.

use std::error::Error;
use std::fmt::{Display, Write as _};

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use reelsmith_core::ports::{PortError, PortErrorKind};

/// Says what an SDK error means for the caller of a port.
///
/// `operation` is the API call and `resource` the object, table, topic or state machine it was about; both go into the
/// detail together with the service's code and message. Payloads never do.
pub(crate) fn port_error<E>(
    operation: &str,
    resource: &dyn Display,
    error: &SdkError<E, HttpResponse>,
) -> PortError
where
    E: Error + ProvideErrorMetadata + 'static,
{
    PortError::new(kind(error), detail(operation, resource, error))
}

/// The service's error code, for the few codes that are an answer and not a failure.
pub(crate) fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error.as_service_error().and_then(|e| e.code())
}

/// The HTTP status of the answer, where there was one.
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
        other => kind_of_credentials(other).unwrap_or(match other {
            SdkError::DispatchFailure(_) => PortErrorKind::Unavailable,
            _ => PortErrorKind::Invalid,
        }),
    }
}

/// A process without credentials is not served however often it asks; a credentials service that is slow may be.
fn kind_of_credentials(error: &(dyn Error + 'static)) -> Option<PortErrorKind> {
    sources(error)
        .find_map(|e| e.downcast_ref::<CredentialsError>())
        .map(|e| match e {
            CredentialsError::CredentialsNotLoaded(_)
            | CredentialsError::InvalidConfiguration(_) => PortErrorKind::Denied,
            _ => PortErrorKind::Unavailable,
        })
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
        | "ExecutionDoesNotExist" => Kind::NotFound,
        "PreconditionFailed" => Kind::Changed,
        "AccessDenied"
        | "AccessDeniedException"
        | "AuthorizationError"
        | "AuthorizationErrorException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidAccessKeyId"
        | "InvalidClientTokenId"
        | "KMSAccessDenied"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => Kind::Denied,
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
        401 | 403 => Some(PortErrorKind::Denied),
        404 => Some(PortErrorKind::NotFound),
        412 => Some(PortErrorKind::Changed),
        408 | 429 | 500..=599 => Some(PortErrorKind::Unavailable),
        _ => None,
    }
}

fn detail<E>(operation: &str, resource: &dyn Display, error: &SdkError<E, HttpResponse>) -> String
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let mut text = format!("{operation} {resource}: ");
    match error.as_service_error() {
        Some(service) => {
            let status = status(error).map(|s| format!("HTTP {s}"));
            text += service.code().or(status.as_deref()).unwrap_or("refused");
            if let Some(message) = service.message() {
                // Writing to a String cannot fail.
                let _ = write!(text, ": {message}");
            }
        }
        None => text += &chain(error),
    }
    text
}

/// An error with all its causes on one line: the SDK's own text names only the outermost.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in sources(error).map(ToString::to_string) {
        if parts.last() != Some(&part) {
            parts.push(part);
        }
    }
    parts.join(": ")
}

fn sources<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |e| (*e).source())
}

#[cfg(test)]
mod tests;
