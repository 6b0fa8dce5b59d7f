//! The clients that provisioning and operating share.

use aws_smithy_types::error::display::DisplayErrorContext;

use crate::Sdk;

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

    /// Translates an SDK error, keeping every cause of it.
    pub(crate) fn of(
        action: impl Into<String>,
    ) -> impl FnOnce(Box<dyn std::error::Error + Send + Sync>) -> Self {
        let action = action.into();
        move |error| {
            let detail = DisplayErrorContext(error.as_ref()).to_string();
            let not_found = ["NotFound", "NoSuchKey", "DoesNotExist", "NonExistentQueue"]
                .iter()
                .any(|code| detail.contains(code));
            Self {
                action,
                detail,
                not_found,
            }
        }
    }
}

/// Result of a call.
pub(crate) type CloudResult<T> = Result<T, CloudError>;

/// Names the call that failed.
pub(crate) trait Doing<T> {
    /// Attaches what was being done.
    fn doing(self, action: impl Into<String>) -> CloudResult<T>;
}

impl<T, E: std::error::Error + Send + Sync + 'static> Doing<T> for Result<T, E> {
    fn doing(self, action: impl Into<String>) -> CloudResult<T> {
        self.map_err(|e| CloudError::of(action)(Box::new(e)))
    }
}

/// The clients of one account and region, or of one local stack.
#[derive(Clone, Debug)]
pub struct Cloud {
    sdk: Sdk,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
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
