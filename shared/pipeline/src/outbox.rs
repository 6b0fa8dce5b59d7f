//! Sending what an outbox holds.

use reelsmith_contract::{Failure, PortResultExt as _};
use reelsmith_core::ports::{Announcer, Clock, Message, SubmissionStore};
use reelsmith_core::submission::OutboxEntry;

/// Sends an entry, then marks it as sent. A crash between the two sends it again under the same id.
///
/// # Errors
/// Those of the topic and of the table.
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
    announcer.announce(&message).await.on_topic()?;
    tracing::info!(message = %message.id, kind = %message.kind, "sent");
    submissions.mark_sent(entry, clock.now()).await.on_table()
}
