use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;

use super::*;

type Failure = SdkError<GetObjectError, HttpResponse>;

fn answered(status: u16, code: Option<&str>, message: Option<&str>) -> Failure {
    let mut metadata = ErrorMetadata::builder();
    if let Some(code) = code {
        metadata = metadata.code(code);
    }
    if let Some(message) = message {
        metadata = metadata.message(message);
    }
    let response = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
    SdkError::service_error(GetObjectError::generic(metadata.build()), response)
}

fn kind_and_detail(error: Failure) -> (PortErrorKind, String) {
    let error = port_error(&"s3://b/k", error);
    (error.kind(), error.detail())
}

#[test]
fn the_code_or_else_the_status_determines_the_kind() {
    use PortErrorKind as Kind;
    for (status, code, kind) in [
        (404, Some("NoSuchKey"), Kind::NotFound),
        (404, Some("NoSuchVersion"), Kind::NotFound),
        (404, None, Kind::NotFound),
        (400, Some("ResourceNotFoundException"), Kind::NotFound),
        (412, Some("PreconditionFailed"), Kind::Changed),
        (412, None, Kind::Changed),
        (403, Some("AccessDenied"), Kind::Denied),
        (403, None, Kind::Denied),
        (401, None, Kind::Unauthenticated),
        (400, Some("ExpiredToken"), Kind::Unauthenticated),
        (
            400,
            Some("UnrecognizedClientException"),
            Kind::Unauthenticated,
        ),
        (503, Some("SlowDown"), Kind::Unavailable),
        (500, Some("InternalError"), Kind::Unavailable),
        (502, None, Kind::Unavailable),
        (429, None, Kind::Unavailable),
        (400, Some("ThrottlingException"), Kind::Unavailable),
        (
            400,
            Some("ProvisionedThroughputExceededException"),
            Kind::Unavailable,
        ),
        (400, Some("RequestTimeout"), Kind::Unavailable),
        (409, Some("ConditionalRequestConflict"), Kind::Unavailable),
        (400, Some("TransactionConflictException"), Kind::Unavailable),
        (400, Some("ValidationException"), Kind::Invalid),
        (400, Some("InvalidArgument"), Kind::Invalid),
        (409, Some("BucketAlreadyExists"), Kind::Invalid),
        (400, None, Kind::Invalid),
        (301, Some("PermanentRedirect"), Kind::Invalid),
    ] {
        let (found, detail) = kind_and_detail(answered(status, code, None));
        assert_eq!(found, kind, "{status} {code:?}");
        assert!(detail.starts_with("GetObject s3://b/k: "), "{detail}");
    }
}

#[test]
fn the_detail_contains_call_object_code_and_message() {
    let gone = "The specified key does not exist.";
    let (_, detail) = kind_and_detail(answered(404, Some("NoSuchKey"), Some(gone)));
    assert_eq!(
        detail,
        "GetObject s3://b/k: NoSuchKey: The specified key does not exist."
    );
    let (_, detail) = kind_and_detail(answered(503, None, None));
    assert_eq!(detail, "GetObject s3://b/k: HTTP 503");
}

#[test]
fn an_unanswered_call_is_unavailable_unless_it_could_not_be_sent() {
    use PortErrorKind as Kind;
    let io = || std::io::Error::other("connection reset");
    let response = || HttpResponse::new(200.try_into().unwrap(), SdkBody::empty());
    let cases: [(Failure, Kind); 5] = [
        (SdkError::timeout_error(io()), Kind::Unavailable),
        (
            SdkError::response_error(io(), response()),
            Kind::Unavailable,
        ),
        (
            SdkError::dispatch_failure(ConnectorError::io(io().into())),
            Kind::Unavailable,
        ),
        (
            SdkError::dispatch_failure(ConnectorError::user(io().into())),
            Kind::Invalid,
        ),
        (SdkError::construction_failure(io()), Kind::Invalid),
    ];
    for (error, kind) in cases {
        let (found, detail) = kind_and_detail(error);
        assert_eq!(found, kind, "{detail}");
        assert!(detail.contains("connection reset"), "{detail}");
    }
}

#[test]
fn a_process_without_credentials_is_unauthenticated_and_a_slow_credentials_service_is_unavailable()
{
    use PortErrorKind as Kind;
    let slow = || CredentialsError::provider_timed_out(std::time::Duration::from_secs(5));
    let cases: [(fn() -> CredentialsError, Kind); 2] = [
        (
            || CredentialsError::not_loaded("no providers"),
            Kind::Unauthenticated,
        ),
        (
            || CredentialsError::invalid_configuration("bad file"),
            Kind::Unauthenticated,
        ),
    ];
    for (error, kind) in cases
        .into_iter()
        .chain([(slow as fn() -> _, Kind::Unavailable)])
    {
        for wrapped in [
            Failure::dispatch_failure(ConnectorError::other(error().into(), None)),
            Failure::construction_failure(error()),
        ] {
            assert_eq!(kind_and_detail(wrapped).0, kind, "{}", error());
        }
    }
}
