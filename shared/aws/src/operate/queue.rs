//! Messages of a queue.

use aws_sdk_sqs::types::QueueAttributeName;

use crate::provision::{Cloud, CloudResult, Doing};

/// A message taken from a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedMessage {
    /// Id.
    pub id: String,
    /// Body as it was sent.
    pub body: String,
}

impl Cloud {
    /// The URL of a queue by its name; `None` where there is none.
    pub async fn queue_url(&self, name: &str) -> CloudResult<Option<String>> {
        let found = self.sqs.get_queue_url().queue_name(name).send().await;
        match found.doing(format!("look for queue {name}")) {
            Ok(found) => Ok(found.queue_url),
            Err(e) if e.is_not_found() => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Takes up to ten messages off a queue, waiting up to `wait_s` seconds (at most 20) for the first.
    pub async fn take_messages(&self, url: &str, wait_s: i32) -> CloudResult<Vec<ReceivedMessage>> {
        let action = format!("receive from {url}");
        let received = self
            .sqs
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(10)
            .wait_time_seconds(wait_s)
            .send()
            .await
            .doing(action.as_str())?;
        let mut messages = Vec::new();
        for message in received.messages.unwrap_or_default() {
            let handle = message.receipt_handle.unwrap_or_default();
            self.sqs
                .delete_message()
                .queue_url(url)
                .receipt_handle(handle)
                .send()
                .await
                .doing(action.as_str())?;
            messages.push(ReceivedMessage {
                id: message.message_id.unwrap_or_default(),
                body: message.body.unwrap_or_default(),
            });
        }
        Ok(messages)
    }

    /// Puts a message on a queue.
    pub async fn send_message(&self, url: &str, body: &str) -> CloudResult<()> {
        self.sqs
            .send_message()
            .queue_url(url)
            .message_body(body)
            .send()
            .await
            .doing(format!("send to {url}"))?;
        Ok(())
    }

    /// Messages that wait in a queue and messages that were received and not yet deleted.
    pub async fn queue_depth(&self, url: &str) -> CloudResult<(u64, u64)> {
        let (waiting, hidden) = (
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        );
        let found = self
            .sqs
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(waiting.clone())
            .attribute_names(hidden.clone())
            .send()
            .await
            .doing(format!("read the depth of {url}"))?;
        let count = |name: &QueueAttributeName| {
            let text = found.attributes().and_then(|a| a.get(name));
            text.and_then(|t| t.parse().ok()).unwrap_or(0)
        };
        Ok((count(&waiting), count(&hidden)))
    }
}
