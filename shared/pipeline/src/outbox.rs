//! Sending what an outbox holds.

use reelsmith_contract::{ErrorName, Failure};
use reelsmith_core::ports::{Announcer, Clock, Message, SubmissionStore};
use reelsmith_core::submission::OutboxEntry;

/// Sends an entry, then marks it as sent. A crash between the two sends it again under the same id.
///
/// # Errors
/// `NotificationUnavailable`, or those of the table.
pub async fn send(
    submissions: &dyn SubmissionStore,
    announcer: &dyn Announcer,
    clock: &dyn Clock,
    entry: &OutboxEntry,
) -> Result<(), Failure> {
    let message = Message {
        id: entry.message_id(),
        subject: entry.subject.clone(),
        kind: entry.kind.as_str().to_owned(),
        body: entry.body.clone(),
    };
    announcer.announce(&message).await.map_err(|e| {
        Failure::new(
            ErrorName::NotificationUnavailable,
            "the topic to take a message",
            e.to_string(),
            format!("outbox entry {}", message.id),
            "nothing: it is retried, and stays in the outbox until it is sent",
        )
    })?;
    tracing::info!(message = %message.id, kind = %message.kind, "sent");
    let marked = submissions.mark_sent(entry, clock.now()).await;
    marked.map_err(|e| Failure::table(&e))
}
