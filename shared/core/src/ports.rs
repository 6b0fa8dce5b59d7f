//! What the domain asks of the outside. One behaviour suite per port lives in `reelsmith-testkit`; the in-memory fakes
//! and the AWS adapters both pass it.

use async_trait::async_trait;
use bytes::Bytes as Body;
use serde::{Deserialize, Serialize};

use crate::admission::{Admitted, Place, Ticket};
use crate::encode::{EncodeJob, EncodeOrder};
use crate::keys::JobKey;
use crate::object::{ObjectPin, ObjectRef};
use crate::submission::{OutboxEntry, Outcome, Row, State, Transition};
use crate::time::UnixMillis;

mod error;

pub use error::{Cause, PortError, PortErrorKind, ServiceAnswer, chain};

/// What a HEAD tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectMeta {
    /// The version that was looked at.
    pub pin: ObjectPin,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
}

/// One row of a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Object key.
    pub key: String,
    /// Size in bytes.
    pub size: u64,
}

/// How an object is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutOptions {
    /// `Content-Type`.
    pub content_type: String,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// Write only where no object has the key (`If-None-Match: *`).
    pub create_only: bool,
    /// Write only where the object still has this entity tag (`If-Match`), given without quotes.
    pub replace: Option<String>,
}

/// Whether a write created or replaced the object, or found one and left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// The object is now the one given.
    Written,
    /// `create_only` was asked and the key was taken, or `replace` and the object is another; nothing changed.
    Exists,
}

/// Result of a port call.
pub type PortResult<T> = Result<T, PortError>;

/// Objects in buckets: S3.
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// Looks at an object's newest version. `NotFound` where there is none.
    async fn head(&self, object: &ObjectRef) -> PortResult<ObjectMeta>;

    /// Reads a whole object's newest version, at most `limit` bytes; `Invalid` where it is longer.
    async fn get(&self, object: &ObjectRef, limit: u64) -> PortResult<Body>;

    /// Reads bytes `[start, end)` of a pinned version, clipped at its end. `Changed` where the pin no longer matches.
    async fn get_range(&self, pin: &ObjectPin, start: u64, end: u64) -> PortResult<Body>;

    /// Writes an object from memory.
    async fn put(&self, object: &ObjectRef, body: Body, options: &PutOptions) -> PortResult<Put>;

    /// Writes an object from a file without holding it in memory.
    async fn put_file(
        &self,
        object: &ObjectRef,
        file: &std::path::Path,
        options: &PutOptions,
    ) -> PortResult<Put>;

    /// Lists every object under a prefix, all pages, in key order.
    async fn list(&self, bucket: &str, prefix: &str) -> PortResult<Vec<Listed>>;

    /// Deletes objects; one that is not there is no error.
    async fn delete(&self, bucket: &str, keys: &[String]) -> PortResult<()>;
}

/// The submission table: DynamoDB.
#[async_trait]
pub trait SubmissionStore: Send + Sync {
    /// Reads a row with strong consistency.
    async fn row(&self, job_key: &JobKey) -> PortResult<Option<Row>>;

    /// Applies a transition under its own condition, in one atomic write, together with the outbox entry it brings.
    /// A refused condition is not an error: [`Outcome::Refused`] carries the row that decided.
    async fn apply(&self, transition: &Transition, now: UnixMillis) -> PortResult<Outcome>;

    /// Adds an outbox entry on its own (for executions that failed before they had a row). Idempotent by its id.
    async fn enqueue(&self, entry: &OutboxEntry) -> PortResult<()>;

    /// Outbox entries not yet sent that belong to one job or execution.
    async fn pending(&self, outbox: &str) -> PortResult<Vec<OutboxEntry>>;

    /// Marks an outbox entry as sent. Idempotent.
    async fn mark_sent(&self, entry: &OutboxEntry, now: UnixMillis) -> PortResult<()>;

    /// Rows in a state that last changed before an instant, oldest first. May lag behind the latest writes.
    async fn rows_in(&self, state: State, before: UnixMillis) -> PortResult<Vec<Row>>;

    /// Outbox entries of all outboxes that were written before an instant and not sent, oldest first. May lag behind
    /// the latest writes.
    async fn unsent(&self, before: UnixMillis) -> PortResult<Vec<OutboxEntry>>;
}

/// The line of manifests that wait, and the slots of those that are worked on: in the submission table.
#[async_trait]
pub trait AdmissionStore: Send + Sync {
    /// Joins the line, unless the ticket is there or holds a slot. Idempotent.
    async fn join(&self, ticket: &Ticket) -> PortResult<Place>;

    /// The first tickets of the line, at most `limit`.
    async fn line(&self, limit: u32) -> PortResult<Vec<Ticket>>;

    /// Moves a ticket from the line to a slot, where fewer than `slots` are taken. Atomic.
    async fn admit(&self, ticket: &Ticket, slots: u32) -> PortResult<Admitted>;

    /// Gives the slot of an execution back; false where it held none. Idempotent.
    async fn release(&self, execution: &str) -> PortResult<bool>;

    /// Every ticket that holds a slot.
    async fn holding(&self) -> PortResult<Vec<Ticket>>;
}

/// Whether an execution was started by this call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Started {
    /// This call started it; its ARN.
    New(String),
    /// An execution of that name exists, running or closed.
    Existing,
}

/// Whether a text can name an execution: 1 to 80 letters, digits, hyphens and underscores. Step Functions takes more,
/// but not in logs and metrics.
#[must_use]
pub fn is_execution_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=80).contains(&name.len()) && name.bytes().all(fits)
}

/// Executions of the state machine: Step Functions.
#[async_trait]
pub trait Workflow: Send + Sync {
    /// Starts an execution under a name that makes a repeat harmless. `Invalid` where the name is not one by
    /// [`is_execution_name`] or the input is not JSON.
    async fn start(&self, name: &str, input: &str) -> PortResult<Started>;

    /// Whether an execution has ended, by its ARN or its name; `None` where there is none of that name.
    async fn has_ended(&self, execution: &str) -> PortResult<Option<bool>>;

    /// Whether an execution has ended because its time was up, by its ARN or its name; false where there is none.
    async fn has_timed_out(&self, execution: &str) -> PortResult<bool>;
}

/// A message to people and systems downstream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Identity for subscribers: equal ids are one message.
    pub id: String,
    /// Subject line, at most 100 ASCII characters.
    pub subject: String,
    /// `success`, `failure` or `duplicate`, for filter policies.
    pub kind: String,
    /// JSON body.
    pub body: String,
}

impl Message {
    /// Whether the subject can be sent: 1 to 100 printable ASCII characters.
    #[must_use]
    pub fn has_subject(&self) -> bool {
        let printable = |b: u8| (b' '..=b'~').contains(&b);
        (1..=100).contains(&self.subject.len()) && self.subject.bytes().all(printable)
    }
}

/// Announcements: SNS.
#[async_trait]
pub trait Announcer: Send + Sync {
    /// Publishes a message. `Invalid` where its subject is none by [`Message::has_subject`].
    async fn announce(&self, message: &Message) -> PortResult<()>;
}

/// Jobs of an encoding service: MediaConvert.
#[async_trait]
pub trait EncodeService: Send + Sync {
    /// Places an order. The same order again gives the job there is, for as long as the service remembers its token (MediaConvert:
    /// one minute); after that it is another job, so whoever cannot know whether an order was placed looks for it first.
    /// `Invalid` where the service refuses what is ordered.
    async fn create(&self, order: &EncodeOrder) -> PortResult<EncodeJob>;

    /// Every job of a job key that reads `input` and was created at or after `since`, newest first, however it ended.
    async fn find(
        &self,
        input: &ObjectRef,
        job_key: &JobKey,
        since: UnixMillis,
    ) -> PortResult<Vec<EncodeJob>>;

    /// Where a job stands. `NotFound` where there is none.
    async fn job(&self, id: &str) -> PortResult<EncodeJob>;

    /// Calls a job off; one that has ended stays as it is. `NotFound` where there is none.
    async fn cancel(&self, id: &str) -> PortResult<()>;
}

/// Wall-clock time. The only source of "now".
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> UnixMillis;
}
