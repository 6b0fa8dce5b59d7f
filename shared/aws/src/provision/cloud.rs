//! The clients that provisioning and operating share.

use std::error::Error;

use aws_smithy_types::error::ErrorMetadata;

use crate::Sdk;
use crate::error::chain;

/// A call that AWS, or what stands in for it, did not carry out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not {action}: {detail}")]
pub struct CloudError {
    /// What was asked, as `create bucket reelsmith-input`.
    pub action: String,
    /// What came back.
    pub detail: String,
    /// Whether it said that the thing is not there.
    pub not_found: bool,
}

impl CloudError {
    /// An error that was not said by the other side.
    pub fn new(action: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            detail: detail.into(),
            not_found: false,
        }
    }

    fn of(action: String, error: &(dyn Error + 'static)) -> Self {
        let detail = said(error).unwrap_or_else(|| chain(error));
        let codes = ["NotFound", "NoSuchKey", "DoesNotExist", "NonExistentQueue"];
        Self {
            not_found: codes.iter().any(|code| detail.contains(code)),
            action,
            detail,
        }
    }
}

/// What the service said, where the SDK has no type for it.
fn said(error: &(dyn Error + 'static)) -> Option<String> {
    let mut causes = std::iter::successors(Some(error), |e| (*e).source());
    let metadata = causes.find_map(|e| e.downcast_ref::<ErrorMetadata>())?;
    let (code, message) = (metadata.code()?, metadata.message().unwrap_or_default());
    Some(format!("{code}: {message}"))
}

/// Result of a call.
pub(crate) type CloudResult<T> = Result<T, CloudError>;

/// Names the call that failed.
pub(crate) trait Doing<T> {
    /// Attaches what was being done.
    fn doing(self, action: impl Into<String>) -> CloudResult<T>;
}

impl<T, E: Error + 'static> Doing<T> for Result<T, E> {
    fn doing(self, action: impl Into<String>) -> CloudResult<T> {
        self.map_err(|e| CloudError::of(action.into(), &e))
    }
}

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
    use super::*;

    #[test]
    fn what_the_service_said_is_what_is_shown() {
        let metadata = ErrorMetadata::builder()
            .code("InvalidBucketName")
            .message("The specified bucket is not valid.")
            .build();
        let failed: Result<(), _> = Err(metadata);
        let error = failed.doing("create bucket b").unwrap_err();
        assert_eq!(
            error.to_string(),
            "could not create bucket b: InvalidBucketName: The specified bucket is not valid."
        );
        assert!(!error.not_found);
    }

    #[test]
    fn a_thing_that_is_not_there_is_told_from_a_call_that_failed() {
        let metadata = ErrorMetadata::builder()
            .code("ResourceNotFoundException")
            .build();
        let failed: Result<(), _> = Err(metadata);
        assert!(failed.doing("look at function f").unwrap_err().not_found);
        let refused: Result<(), _> = Err(std::io::Error::other("connection refused"));
        assert!(!refused.doing("look at function f").unwrap_err().not_found);
    }
}
