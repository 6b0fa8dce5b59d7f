//! Messages on an SNS topic.

use async_trait::async_trait;
use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use reelsmith_core::digest::sha256_hex;
use reelsmith_core::ports::{Announcer, Message, PortError, PortErrorKind, PortResult};

use crate::error::{port_error, unbuilt};

/// The topic behind the [`Announcer`] port.
///
/// Each message has the attributes `kind`, for filter policies, and `id`, by which subscribers drop repeats: SNS delivers
/// at least once. On a FIFO topic, the hash of the id is also the deduplication id.
#[derive(Clone, Debug)]
pub struct SnsAnnouncer {
    client: Client,
    topic_arn: String,
}

impl SnsAnnouncer {
    /// Messages on the topic with this ARN.
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
        // FIFO fields do not accept all characters and lengths of an id; its hash always fits.
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
                port_error(&resource, error)
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
        .map_err(unbuilt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Script, answer};

    async fn published(topic_arn: &str) -> Vec<(String, String)> {
        let body = "<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>";
        let script = Script::serve(vec![answer("200 OK", "", body)]).await;
        let announcer = SnsAnnouncer::new(Client::new(&script.config()), topic_arn);
        let message = Message {
            id: "job#success#g1".to_owned(),
            subject: "published".to_owned(),
            kind: "success".to_owned(),
            body: "{}".to_owned(),
        };
        announcer.announce(&message).await.unwrap();
        let request = script.requests().remove(0);
        let form = request.split_once("\r\n\r\n").unwrap().1;
        form.split('&')
            .filter_map(|field| field.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.replace("%23", "#")))
            .collect()
    }

    #[tokio::test]
    async fn a_message_has_the_attributes_kind_and_id() {
        let form = published("arn:aws:sns:us-east-1:0:topic").await;
        let value = |name: &str| form.iter().find(|f| f.0 == name).map(|f| f.1.as_str());
        assert_eq!(value("Subject"), Some("published"));
        let mut attributes: Vec<_> = [1, 2]
            .map(|n| {
                let at = |end| value(&format!("MessageAttributes.entry.{n}.{end}")).unwrap();
                (at("Name"), at("Value.DataType"), at("Value.StringValue"))
            })
            .into();
        attributes.sort_unstable();
        let expected = [
            ("id", "String", "job#success#g1"),
            ("kind", "String", "success"),
        ];
        assert_eq!(attributes, expected);
        assert_eq!(value("MessageGroupId"), None, "not a FIFO topic");
        assert_eq!(value("MessageDeduplicationId"), None, "not a FIFO topic");
    }

    #[tokio::test]
    async fn a_message_on_a_fifo_topic_has_a_deduplication_id() {
        let form = published("arn:aws:sns:us-east-1:0:topic.fifo").await;
        let hash = sha256_hex(b"job#success#g1");
        for name in ["MessageGroupId", "MessageDeduplicationId"] {
            assert!(form.contains(&(name.to_owned(), hash.clone())), "{name}");
        }
    }
}
