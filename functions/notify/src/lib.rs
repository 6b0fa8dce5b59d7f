//! Sends the messages of one outbox to the topic, oldest first, and returns how many.
//!
//! Reads and updates the outbox in the submission table. An entry is marked as sent after the topic accepted it, so a crash
//! between the two sends the message again under the same id; subscribers that ignore known ids see each message once.
//! Errors: `Notification…` and those of the table; messages that were sent remain sent.

use std::sync::Arc;

use reelsmith_contract::payload::{NotifyInput, NotifyOutput};
use reelsmith_contract::{Failure, PortResultExt as _};
use reelsmith_core::ports::Announcer;
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::submission::Submissions;

pub struct Ports {
    pub submissions: Submissions,
    pub announcer: Arc<dyn Announcer>,
}

/// Sends every entry that is not marked as sent.
pub async fn handle(
    ports: Arc<Ports>,
    input: NotifyInput,
    _invocation: Invocation,
) -> Result<NotifyOutput, Failure> {
    let pending = ports.submissions.table().pending(&input.outbox).await;
    let mut pending = pending.on_table()?;
    pending.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
    let mut sent = 0;
    for entry in pending {
        let announcer = ports.announcer.as_ref();
        ports.submissions.send(announcer, &entry).await?;
        sent += 1;
    }
    Ok(NotifyOutput { sent })
}

#[cfg(test)]
mod tests;
