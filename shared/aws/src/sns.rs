//! Announcements on an SNS topic.

use async_trait::async_trait;
use aws_sdk_sns::Client;
use aws_sdk_sns::error::BuildError;
use aws_sdk_sns::types::MessageAttributeValue;
use reelsmith_core::digest::sha256_hex;
use reelsmith_core::ports::{Announcer, Message, PortError, PortErrorKind, PortResult};

use crate::error::port_error;

/// The topic behind the [`Announcer`] port.
///
/// Subscribers find the attributes `kind` (for filter policies) and `id` (to drop repeats: SNS delivers at least once).
/// On a FIFO topic the id also becomes the deduplication id.
#[derive(Clone, Debug)]
pub struct SnsAnnouncer {
    client: Client,
    topic_arn: String,
}

impl SnsAnnouncer {
    /// Announcements on one topic.
    pub fn new(client: Client, topic_arn: impl Into<String>) -> Self {
        Self {
            client,
            topic_arn: topic_arn.into(),
        }
    }
}

#[async_trait]
impl Announcer for SnsAnnouncer {
    async fn announce(&self, message: &Message) -> PortResult<()> {
        if !message.has_subject() {
            return Err(bad_subject(message));
        }
        // Ids hold characters and lengths that FIFO fields do not take; their hash always fits.
        let fifo = self
            .topic_arn
            .ends_with(".fifo")
            .then(|| sha256_hex(message.id.as_bytes()));
        self.client
            .publish()
            .topic_arn(&self.topic_arn)
            .subject(&message.subject)
            .message(&message.body)
            .message_attributes("kind", text(&message.kind)?)
            .message_attributes("id", text(&message.id)?)
            .set_message_group_id(fifo.clone())
            .set_message_deduplication_id(fifo)
            .send()
            .await
            .map(drop)
            .map_err(|error| {
                let resource = format!("{} message {}", self.topic_arn, message.id);
                port_error("Publish", &resource, &error)
            })
    }
}

fn bad_subject(message: &Message) -> PortError {
    PortError::new(
        PortErrorKind::Invalid,
        format!(
            "Publish message {}: expected a subject of 1 to 100 printable ASCII characters, found {:?}",
            message.id, message.subject
        ),
    )
}

fn text(value: &str) -> PortResult<MessageAttributeValue> {
    MessageAttributeValue::builder()
        .data_type("String")
        .string_value(value)
        .build()
        .map_err(|e: BuildError| PortError::new(PortErrorKind::Invalid, e.to_string()))
}
