//! Sends what the outbox holds.
//!
//! An entry is marked only after the topic took it, so a crash between the two sends it again with the same message id:
//! a subscriber that drops ids it has seen sees each message once.

use std::sync::Arc;

use reelsmith_contract::Failure;
use reelsmith_contract::payload::{NotifyInput, NotifyOutput};
use reelsmith_core::ports::{Announcer, Clock, SubmissionStore};
use reelsmith_lambda::Clients;
use reelsmith_pipeline::{Invocation, outbox};

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
    pub async fn build(clients: &Clients) -> Result<Self, Failure> {
        Ok(Self {
            submissions: clients.submissions()?,
            announcer: clients.announcer()?,
            clock: clients.clock(),
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
        let (submissions, announcer) = (ports.submissions.as_ref(), ports.announcer.as_ref());
        outbox::send(submissions, announcer, ports.clock.as_ref(), &entry).await?;
        sent += 1;
    }
    Ok(NotifyOutput { sent })
}

#[cfg(test)]
mod tests;
