//! Buckets and their event notifications.

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, FilterRule,
    FilterRuleName, NotificationConfiguration, NotificationConfigurationFilter, QueueConfiguration,
    S3KeyFilter, VersioningConfiguration,
};
use serde::Deserialize;

use crate::cloud::{Cloud, CloudResult, Doing};

/// For which new objects S3 sends an event to a queue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestEvents {
    /// The event types, for example `s3:ObjectCreated:*`.
    pub events: Vec<String>,
    pub prefix: String,
    pub suffix: String,
}

impl Cloud {
    /// Creates a bucket. Versioning is enabled if `versioned`, and never disabled.
    pub async fn provision_bucket(&self, name: &str, versioned: bool) -> CloudResult<()> {
        let location = (self.region() != "us-east-1").then(|| {
            CreateBucketConfiguration::builder()
                .location_constraint(BucketLocationConstraint::from(self.region()))
                .build()
        });
        let created = self
            .s3
            .create_bucket()
            .bucket(name)
            .set_create_bucket_configuration(location)
            .send()
            .await;
        match created {
            Err(e) if e.code() == Some("BucketAlreadyOwnedByYou") => {}
            other => {
                other.doing(format!("create bucket {name}"))?;
            }
        }
        if versioned {
            let on = VersioningConfiguration::builder()
                .status(BucketVersioningStatus::Enabled)
                .build();
            self.s3
                .put_bucket_versioning()
                .bucket(name)
                .versioning_configuration(on)
                .send()
                .await
                .doing(format!("enable versioning of bucket {name}"))?;
        }
        Ok(())
    }

    /// Sends events of a bucket to a queue, in place of the previous configuration. An equal configuration is not written
    /// again, because S3 sends a test event with each write.
    pub async fn provision_events(
        &self,
        bucket: &str,
        queue_arn: &str,
        spec: &ManifestEvents,
    ) -> CloudResult<()> {
        let action = format!("send events of bucket {bucket} to {queue_arn}");
        let rule = |name, value: &str| FilterRule::builder().name(name).value(value).build();
        let filter = S3KeyFilter::builder()
            .filter_rules(rule(FilterRuleName::Prefix, &spec.prefix))
            .filter_rules(rule(FilterRuleName::Suffix, &spec.suffix))
            .build();
        let queue = QueueConfiguration::builder()
            .id("manifests")
            .queue_arn(queue_arn)
            .set_events(Some(
                spec.events.iter().map(|e| e.as_str().into()).collect(),
            ))
            .filter(
                NotificationConfigurationFilter::builder()
                    .key(filter)
                    .build(),
            )
            .build()
            .doing(action.as_str())?;
        let found = self
            .s3
            .get_bucket_notification_configuration()
            .bucket(bucket)
            .send()
            .await
            .doing(action.as_str())?;
        if found.queue_configurations() == [queue.clone()] {
            return Ok(());
        }
        let wanted = NotificationConfiguration::builder()
            .queue_configurations(queue)
            .build();
        self.s3
            .put_bucket_notification_configuration()
            .bucket(bucket)
            .notification_configuration(wanted)
            .send()
            .await
            .doing(action)
            .map(drop)
    }
}
