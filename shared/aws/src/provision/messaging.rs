//! Queues and topics.

use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName;

use crate::cloud::{Cloud, CloudError, CloudResult, Doing};

/// A queue. Times are in seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueSpec {
    pub name: String,
    pub visibility_timeout_s: u32,
    pub retention_s: u32,
    /// The ARN of the dead-letter queue, and after how many receives a message moves there.
    pub dead_letter: Option<(String, u32)>,
}

impl QueueSpec {
    fn attributes(&self) -> HashMap<QueueAttributeName, String> {
        let mut attributes = HashMap::from([
            (
                QueueAttributeName::VisibilityTimeout,
                self.visibility_timeout_s.to_string(),
            ),
            (
                QueueAttributeName::MessageRetentionPeriod,
                self.retention_s.to_string(),
            ),
        ]);
        if let Some((arn, count)) = &self.dead_letter {
            let policy = serde_json::json!({"deadLetterTargetArn": arn, "maxReceiveCount": count});
            attributes.insert(QueueAttributeName::RedrivePolicy, policy.to_string());
        }
        attributes
    }
}

impl Cloud {
    /// Creates or updates a queue and returns its ARN.
    pub async fn provision_queue(&self, spec: &QueueSpec) -> CloudResult<String> {
        let url = match self.queue_url(&spec.name).await? {
            Some(url) => {
                self.set_queue_attributes(&url, spec).await?;
                url
            }
            None => self.create_queue(spec).await?,
        };
        self.queue_arn(&url).await
    }

    async fn create_queue(&self, spec: &QueueSpec) -> CloudResult<String> {
        let created = self
            .sqs
            .create_queue()
            .queue_name(&spec.name)
            .set_attributes(Some(spec.attributes()))
            .send()
            .await
            .doing(format!("create queue {}", spec.name))?;
        Ok(created.queue_url.unwrap_or_default())
    }

    async fn set_queue_attributes(&self, url: &str, spec: &QueueSpec) -> CloudResult<()> {
        self.sqs
            .set_queue_attributes()
            .queue_url(url)
            .set_attributes(Some(spec.attributes()))
            .send()
            .await
            .doing(format!("set the attributes of queue {}", spec.name))
            .map(drop)
    }

    async fn queue_arn(&self, url: &str) -> CloudResult<String> {
        let action = format!("read the ARN of queue {url}");
        let found = self
            .sqs
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(QueueAttributeName::QueueArn)
            .send()
            .await
            .doing(action.as_str())?;
        found
            .attributes()
            .and_then(|a| a.get(&QueueAttributeName::QueueArn))
            .cloned()
            .ok_or_else(|| CloudError::new(action, "the answer has no ARN"))
    }

    /// Creates a topic and returns its ARN.
    pub async fn provision_topic(&self, name: &str) -> CloudResult<String> {
        let action = format!("create topic {name}");
        let created = self
            .sns
            .create_topic()
            .name(name)
            .send()
            .await
            .doing(action.as_str())?;
        created
            .topic_arn
            .ok_or_else(|| CloudError::new(action, "the answer has no ARN"))
    }

    /// Subscribes a queue to a topic. Messages arrive as they were published, without an envelope.
    pub async fn provision_subscription(&self, topic: &str, queue: &str) -> CloudResult<()> {
        self.sns
            .subscribe()
            .topic_arn(topic)
            .protocol("sqs")
            .endpoint(queue)
            .attributes("RawMessageDelivery", "true")
            .send()
            .await
            .doing(format!("subscribe {queue} to {topic}"))
            .map(drop)
    }
}
