//! Sends what the outbox holds.
//!
//! An entry is marked only after the topic took it, so a crash between the two sends it again with the same message id:
//! a subscriber that drops ids it has seen sees each message once.

use std::sync::Arc;

use reelsmith_contract::payload::{NotifyInput, NotifyOutput};
use reelsmith_contract::{ErrorName, Failure};
use reelsmith_core::ports::{Announcer, Clock, Message, SubmissionStore};
use reelsmith_core::submission::OutboxEntry;
use reelsmith_lambda::{House, Invocation};

/// What this function works with.
pub struct Ports {
    /// The submission table, which holds the outbox.
    pub submissions: Arc<dyn SubmissionStore>,
    /// The topic.
    pub announcer: Arc<dyn Announcer>,
    /// Wall-clock time.
    pub clock: Arc<dyn Clock>,
}

impl Ports {
    /// The ports of a deployed function.
    ///
    /// # Errors
    /// Where a setting is missing.
    pub async fn build(house: &House) -> Result<Self, Failure> {
        Ok(Self {
            submissions: house.submissions()?,
            announcer: house.announcer()?,
            clock: house.clock(),
        })
    }
}

/// Sends every entry that is not marked as sent, oldest first.
///
/// # Errors
/// `NotificationUnavailable`, or those of the table; what was sent before stays sent.
pub async fn handle(
    ports: Arc<Ports>,
    input: NotifyInput,
    _invocation: Invocation,
) -> Result<NotifyOutput, Failure> {
    let pending = ports.submissions.pending(&input.outbox).await;
    let mut pending = pending.map_err(|e| Failure::table(&e))?;
    pending.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
    let mut sent = 0;
    for entry in pending {
        send(&ports, &entry).await?;
        sent += 1;
    }
    Ok(NotifyOutput { sent })
}

async fn send(ports: &Ports, entry: &OutboxEntry) -> Result<(), Failure> {
    let message = Message {
        id: entry.message_id(),
        subject: entry.subject.clone(),
        kind: entry.kind.as_str().to_owned(),
        body: entry.body.clone(),
    };
    ports.announcer.announce(&message).await.map_err(|e| {
        Failure::new(
            ErrorName::NotificationUnavailable,
            "the topic to take a message",
            e.to_string(),
            format!("outbox entry {}", message.id),
            "nothing: it is retried, and stays in the outbox until it is sent",
        )
    })?;
    tracing::info!(message = %message.id, kind = %message.kind, "sent");
    let marked = ports.submissions.mark_sent(entry, ports.clock.now()).await;
    marked.map_err(|e| Failure::table(&e))
}

#[cfg(test)]
mod tests;
