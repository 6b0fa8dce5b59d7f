//! Executions and messages in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use async_trait::async_trait;
use reelsmith_core::ports::{
    Announcer, Message, PortError, PortErrorKind, PortResult, Started, Workflow, is_execution_name,
};

use super::locked;

/// Records the executions that were started, by name.
#[derive(Debug, Default)]
pub struct MemoryWorkflow {
    started: Mutex<BTreeMap<String, String>>,
    ended: Mutex<BTreeSet<String>>,
    timed_out: Mutex<BTreeSet<String>>,
}

impl MemoryWorkflow {
    /// Names and inputs of all executions, by name.
    #[must_use]
    pub fn executions(&self) -> Vec<(String, String)> {
        locked(&self.started)
            .iter()
            .map(|(name, input)| (name.clone(), input.clone()))
            .collect()
    }

    /// Ends an execution; an unknown one becomes known as ended.
    pub fn end(&self, name: &str) {
        locked(&self.ended).insert(name.to_owned());
    }

    /// Ends an execution by its time limit.
    pub fn time_out(&self, name: &str) {
        self.end(name);
        locked(&self.timed_out).insert(name.to_owned());
    }
}

#[async_trait]
impl Workflow for MemoryWorkflow {
    async fn start(&self, name: &str, input: &str) -> PortResult<Started> {
        if !is_execution_name(name) {
            let detail = format!(
                "expected an execution name of 1 to 80 letters, digits, '-' and '_', found {name:?}"
            );
            return Err(PortError::new(PortErrorKind::Invalid, detail));
        }
        if let Err(error) = serde_json::from_str::<serde_json::Value>(input) {
            let detail = format!("execution {name}: expected JSON input: {error}");
            return Err(PortError::new(PortErrorKind::Invalid, detail));
        }
        let mut started = locked(&self.started);
        if started.contains_key(name) {
            return Ok(Started::Existing);
        }
        started.insert(name.to_owned(), input.to_owned());
        Ok(Started::New(format!(
            "arn:aws:states:us-east-1:000000000000:execution:fake:{name}"
        )))
    }

    async fn has_ended(&self, execution: &str) -> PortResult<Option<bool>> {
        let name = execution.rsplit(':').next().unwrap_or(execution);
        if locked(&self.ended).contains(name) {
            return Ok(Some(true));
        }
        Ok(locked(&self.started).contains_key(name).then_some(false))
    }

    async fn has_timed_out(&self, execution: &str) -> PortResult<bool> {
        let name = execution.rsplit(':').next().unwrap_or(execution);
        Ok(locked(&self.timed_out).contains(name))
    }
}

/// Records the messages that were announced, in order.
#[derive(Debug, Default)]
pub struct MemoryAnnouncer {
    announced: Mutex<Vec<Message>>,
}

impl MemoryAnnouncer {
    /// All messages, in order, repeats included.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        locked(&self.announced).clone()
    }
}

#[async_trait]
impl Announcer for MemoryAnnouncer {
    async fn announce(&self, message: &Message) -> PortResult<()> {
        if !message.has_subject() {
            let subject = &message.subject;
            let detail =
                format!("expected a subject of 1 to 100 ASCII characters, found {subject:?}");
            return Err(PortError::new(PortErrorKind::Invalid, detail));
        }
        if message.body.is_empty() {
            let detail = format!("message {}: expected a body, found none", message.id);
            return Err(PortError::new(PortErrorKind::Invalid, detail));
        }
        locked(&self.announced).push(message.clone());
        Ok(())
    }
}
