//! One SDK configuration for all adapters.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::{DynamoSubmissions, MediaConvert, S3Store, SnsAnnouncer, StepFunctions};

/// How long a connection may take to be established.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// How long a request may wait for the first byte of its answer.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// How often a request is sent in all if the service throttles or does not answer. The state machine retries after that.
const ATTEMPTS: u32 = 4;

/// The SDK configuration from which every adapter is made. It is cheap to clone.
#[derive(Clone, Debug)]
pub struct Sdk {
    config: SdkConfig,
}

impl Sdk {
    /// The configuration of this process. The SDK finds the region, the credentials and `AWS_ENDPOINT_URL`.
    pub async fn load() -> Self {
        Self::load_as(None, None).await
    }

    /// As [`Sdk::load`], with a named profile of the shared configuration files, or a named region.
    pub async fn load_as(profile: Option<&str>, region: Option<&str>) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        Self::with_limits(loader).await
    }

    /// The endpoint that the environment or a profile sets in place of AWS.
    pub fn endpoint(&self) -> Option<&str> {
        self.config.endpoint_url()
    }

    /// The region, if one is configured.
    pub fn region(&self) -> Option<&str> {
        self.config.region().map(|r| r.as_ref())
    }

    /// The configuration for an emulator at `endpoint`, for example `http://127.0.0.1:4566`. It ignores the environment and
    /// uses region us-east-1 and credentials that only an emulator accepts.
    pub async fn emulator(endpoint: &str) -> Self {
        let credentials = Credentials::new("test", "test", None, None, "emulator");
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .endpoint_url(endpoint)
            .region(Region::from_static("us-east-1"))
            .credentials_provider(credentials);
        Self::with_limits(loader).await
    }

    /// The SDK configuration, for the other modules of this crate and for clients that have no port.
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// Objects in S3.
    pub fn s3(&self) -> S3Store {
        S3Store::new(self.s3_client())
    }

    /// A client of S3. With a custom endpoint, the path contains the bucket: an emulator has no DNS names for buckets.
    pub(crate) fn s3_client(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.config)
            .force_path_style(self.config.endpoint_url().is_some())
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// The submission table with this name or ARN.
    pub fn submissions(&self, table: impl Into<String>) -> DynamoSubmissions {
        DynamoSubmissions::new(aws_sdk_dynamodb::Client::new(&self.config), table)
    }

    /// Executions of the state machine with this ARN.
    pub fn workflow(&self, state_machine_arn: impl Into<String>) -> StepFunctions {
        StepFunctions::new(aws_sdk_sfn::Client::new(&self.config), state_machine_arn)
    }

    /// Jobs of MediaConvert in the queue with this ARN; the service assumes the role with this ARN.
    pub fn encodes(&self, role: impl Into<String>, queue: impl Into<String>) -> MediaConvert {
        MediaConvert::new(aws_sdk_mediaconvert::Client::new(&self.config), role, queue)
    }

    /// Announcements on the topic with this ARN.
    pub fn announcer(&self, topic_arn: impl Into<String>) -> SnsAnnouncer {
        SnsAnnouncer::new(aws_sdk_sns::Client::new(&self.config), topic_arn)
    }

    async fn with_limits(loader: aws_config::ConfigLoader) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(ANSWER_TIMEOUT)
            .build();
        let config = loader
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(timeouts)
            .load()
            .await;
        Self { config }
    }
}
