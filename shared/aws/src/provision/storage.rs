//! Buckets and their events.

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, FilterRule,
    FilterRuleName, NotificationConfiguration, NotificationConfigurationFilter, QueueConfiguration,
    S3KeyFilter, VersioningConfiguration,
};
use serde::Deserialize;

use super::cloud::{Cloud, CloudResult, Doing};

/// Which new objects are announced to a queue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestEvents {
    /// Event types, for example `s3:ObjectCreated:*`.
    pub events: Vec<String>,
    /// Only keys that begin with this.
    pub prefix: String,
    /// Only keys that end with this.
    pub suffix: String,
}

impl Cloud {
    /// A bucket. Versioning is switched on where asked for and never off.
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
                .doing(format!("switch on versioning of bucket {name}"))?;
        }
        Ok(())
    }

    /// Announces new objects of a bucket to a queue, in place of whatever was announced before. What is so already is
    /// left alone: S3 sends a test event whenever this is set.
    pub async fn provision_events(
        &self,
        bucket: &str,
        queue_arn: &str,
        spec: &ManifestEvents,
    ) -> CloudResult<()> {
        let action = format!("announce new objects of {bucket} to {queue_arn}");
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
            .doing(action)?;
        Ok(())
    }
}
