//! One SDK configuration for all adapters.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::{DynamoSubmissions, MediaConvert, S3Store, SnsAnnouncer, StepFunctions};

/// How long a connection may take to come up.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// How long a request may wait for the first byte of its answer.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// How often a request is made in all when the service is busy or gone. The state machine retries beyond that.
const ATTEMPTS: u32 = 4;

/// The shared SDK configuration, from which every adapter is made. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sdk {
    config: SdkConfig,
}

impl Sdk {
    /// The configuration of this process: region, credentials and `AWS_ENDPOINT_URL` as the SDK's own chain finds them.
    pub async fn load() -> Self {
        let config = with_limits(aws_config::defaults(BehaviorVersion::latest())).await;
        Self { config }
    }

    /// As [`Sdk::load`], with a profile of the shared configuration files or a region that is named rather than found.
    pub async fn load_as(profile: Option<&str>, region: Option<&str>) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        Self {
            config: with_limits(loader).await,
        }
    }

    /// The endpoint that the environment or a profile names instead of AWS's own.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        self.config.endpoint_url()
    }

    /// The region, where one is configured.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.config.region().map(|r| r.as_ref())
    }

    /// The configuration for an emulator at `endpoint` (for example `http://127.0.0.1:4566`), whatever the environment
    /// says: region us-east-1 and credentials that only an emulator accepts.
    pub async fn emulator(endpoint: &str) -> Self {
        let credentials = Credentials::new("test", "test", None, None, "emulator");
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .endpoint_url(endpoint)
            .region(Region::from_static("us-east-1"))
            .credentials_provider(credentials);
        Self {
            config: with_limits(loader).await,
        }
    }

    /// The SDK configuration, for the other modules of this crate and for clients that have no port.
    #[must_use]
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// Objects in S3. With an endpoint of one's own, buckets are addressed in the path: an emulator has no DNS names
    /// for them.
    #[must_use]
    pub fn s3(&self) -> S3Store {
        let config = aws_sdk_s3::config::Builder::from(&self.config)
            .force_path_style(self.config.endpoint_url().is_some())
            .build();
        S3Store::new(aws_sdk_s3::Client::from_conf(config))
    }

    /// The submission table in DynamoDB, by its name or ARN.
    #[must_use]
    pub fn submissions(&self, table: impl Into<String>) -> DynamoSubmissions {
        DynamoSubmissions::new(aws_sdk_dynamodb::Client::new(&self.config), table)
    }

    /// Executions of the state machine with this ARN.
    #[must_use]
    pub fn workflow(&self, state_machine_arn: impl Into<String>) -> StepFunctions {
        StepFunctions::new(aws_sdk_sfn::Client::new(&self.config), state_machine_arn)
    }

    /// Jobs of MediaConvert: the role that it takes on, and the queue, both by their ARN.
    #[must_use]
    pub fn encodes(&self, role: impl Into<String>, queue: impl Into<String>) -> MediaConvert {
        MediaConvert::new(aws_sdk_mediaconvert::Client::new(&self.config), role, queue)
    }

    /// Announcements on the topic with this ARN.
    #[must_use]
    pub fn announcer(&self, topic_arn: impl Into<String>) -> SnsAnnouncer {
        SnsAnnouncer::new(aws_sdk_sns::Client::new(&self.config), topic_arn)
    }
}

async fn with_limits(loader: aws_config::ConfigLoader) -> SdkConfig {
    loader
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(ANSWER_TIMEOUT)
                .build(),
        )
        .load()
        .await
}
