//! The ports: what the domain needs from the outside, as traits.
//!
//! `reelsmith-testkit` has one behaviour suite per port. The in-memory fakes and the AWS adapters both pass it, so that a
//! test with a fake says something about the product.

use async_trait::async_trait;
use bytes::Bytes as Body;
use serde::{Deserialize, Serialize};

use crate::admission::{Admitted, Ticket, TicketState};
use crate::encode::{EncodeJob, EncodeOrder};
use crate::keys::JobKey;
use crate::object::{ObjectPin, ObjectRef};
use crate::submission::{OutboxEntry, Row, State, Transition, TransitionOutcome};
use crate::time::UnixMillis;

mod error;

pub use error::{Cause, PortError, PortErrorKind, ServiceAnswer, chain};

/// The result of a HEAD request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectMeta {
    /// The newest version.
    pub pin: ObjectPin,
    pub content_type: Option<String>,
    pub cache_control: Option<String>,
    pub content_encoding: Option<String>,
}

/// One object of a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedObject {
    pub key: String,
    pub size: u64,
}

/// How an object is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutOptions {
    pub content_type: String,
    pub cache_control: Option<String>,
    pub content_encoding: Option<String>,
    /// Write only if no object has the key (`If-None-Match: *`).
    pub create_only: bool,
    /// Write only if the object still has this entity tag (`If-Match`), given without quotes.
    pub replace: Option<String>,
}

/// The result of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// The object is now the one given.
    Written,
    /// A condition did not hold (`create_only`: the key exists; `replace`: the object changed). Nothing was written.
    Exists,
}

/// Result of a port call.
pub type PortResult<T> = Result<T, PortError>;

/// Objects in buckets: S3.
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// Size and version of an object's newest version. `NotFound` if there is none.
    async fn head(&self, object: &ObjectRef) -> PortResult<ObjectMeta>;

    /// Reads the newest version of an object, at most `limit` bytes; `Invalid` if it is larger.
    async fn get(&self, object: &ObjectRef, limit: u64) -> PortResult<Body>;

    /// Reads the bytes `[start, end)` of a pinned version, clipped at its end. `Changed` if the pin no longer matches.
    async fn get_range(&self, pin: &ObjectPin, start: u64, end: u64) -> PortResult<Body>;

    /// Writes an object from memory.
    async fn put(&self, object: &ObjectRef, body: Body, options: &PutOptions) -> PortResult<Put>;

    /// Writes an object from a file, without holding it in memory.
    async fn put_file(
        &self,
        object: &ObjectRef,
        file: &std::path::Path,
        options: &PutOptions,
    ) -> PortResult<Put>;

    /// Lists every object under a prefix, all pages, in key order.
    async fn list(&self, bucket: &str, prefix: &str) -> PortResult<Vec<ListedObject>>;

    /// Deletes objects. A missing object is not an error.
    async fn delete(&self, bucket: &str, keys: &[String]) -> PortResult<()>;
}

/// The submission table: DynamoDB.
#[async_trait]
pub trait SubmissionStore: Send + Sync {
    /// Reads a row with strong consistency.
    async fn row(&self, job_key: &JobKey) -> PortResult<Option<Row>>;

    /// Applies a transition under its own condition, in one atomic write together with its outbox entry. A refused
    /// condition is not an error: [`TransitionOutcome::Refused`] has the row that decided.
    async fn apply(
        &self,
        transition: &Transition,
        now: UnixMillis,
    ) -> PortResult<TransitionOutcome>;

    /// Adds an outbox entry without a transition, for executions that failed before they had a row. Idempotent by its id.
    async fn enqueue(&self, entry: &OutboxEntry) -> PortResult<()>;

    /// The unsent entries of one outbox.
    async fn pending(&self, outbox: &str) -> PortResult<Vec<OutboxEntry>>;

    /// Marks an outbox entry as sent. Idempotent.
    async fn mark_sent(&self, entry: &OutboxEntry, now: UnixMillis) -> PortResult<()>;

    /// Rows in a state that last changed before an instant, oldest first. The result may lag behind the latest writes.
    async fn rows_in(&self, state: State, before: UnixMillis) -> PortResult<Vec<Row>>;

    /// Unsent entries of all outboxes that were written before an instant, oldest first. The result may lag behind the
    /// latest writes.
    async fn unsent(&self, before: UnixMillis) -> PortResult<Vec<OutboxEntry>>;
}

/// The queue of manifests that wait, and the slots of running jobs: in the submission table.
#[async_trait]
pub trait AdmissionStore: Send + Sync {
    /// Adds a ticket to the queue, unless it already waits or holds a slot. Idempotent.
    async fn join(&self, ticket: &Ticket) -> PortResult<TicketState>;

    /// The first tickets of the queue, at most `limit`.
    async fn waiting(&self, limit: u32) -> PortResult<Vec<Ticket>>;

    /// Moves a ticket from the queue to a slot if fewer than `slots` are taken. Atomic.
    async fn admit(&self, ticket: &Ticket, slots: u32) -> PortResult<Admitted>;

    /// Gives back the slot of an execution; false if it held none. Idempotent.
    async fn release(&self, execution: &str) -> PortResult<bool>;

    /// The tickets that hold a slot.
    async fn holding(&self) -> PortResult<Vec<Ticket>>;
}

/// The result of starting an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Started {
    /// This call started it; the value is its ARN.
    New(String),
    /// An execution of that name already exists, running or ended.
    Existing,
}

/// Whether a text can name an execution: 1 to 80 letters, digits, hyphens and underscores. Step Functions accepts more
/// characters, but not in logs and metrics.
pub fn is_execution_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=80).contains(&name.len()) && name.bytes().all(fits)
}

/// Executions of the state machine: Step Functions.
#[async_trait]
pub trait Workflow: Send + Sync {
    /// Starts an execution. The name makes a repeat harmless. `Invalid` if the name fails [`is_execution_name`] or the input
    /// is not JSON.
    async fn start(&self, name: &str, input: &str) -> PortResult<Started>;

    /// Whether an execution has ended, by its ARN or name; `None` if there is none of that name.
    async fn has_ended(&self, execution: &str) -> PortResult<Option<bool>>;

    /// Whether an execution has timed out, by its ARN or name; false if there is none of that name.
    async fn has_timed_out(&self, execution: &str) -> PortResult<bool>;
}

/// A message to subscribers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Messages with equal ids are repeats of one message.
    pub id: String,
    /// At most 100 printable ASCII characters.
    pub subject: String,
    /// `success`, `failure` or `duplicate`, for filter policies.
    pub kind: String,
    /// JSON body.
    pub body: String,
}

impl Message {
    /// Whether the subject can be sent: 1 to 100 printable ASCII characters.
    pub fn has_subject(&self) -> bool {
        let printable = |b: u8| (b' '..=b'~').contains(&b);
        (1..=100).contains(&self.subject.len()) && self.subject.bytes().all(printable)
    }
}

/// Notifications: SNS.
#[async_trait]
pub trait Announcer: Send + Sync {
    /// Publishes a message. `Invalid` if its subject fails [`Message::has_subject`].
    async fn announce(&self, message: &Message) -> PortResult<()>;
}

/// Jobs of an encoding service: MediaConvert.
#[async_trait]
pub trait EncodeService: Send + Sync {
    /// Places an order. A repeat returns the same job, in any state, for [`TOKEN_SECONDS`](crate::encode::TOKEN_SECONDS);
    /// later it creates another job, so a caller that may have placed the order searches for it first. `Invalid` if the
    /// service refuses the order.
    async fn create(&self, order: &EncodeOrder) -> PortResult<EncodeJob>;

    /// Every job of a job key that reads `input` and was created at or after `since`, newest first, in any state.
    async fn find(
        &self,
        input: &ObjectRef,
        job_key: &JobKey,
        since: UnixMillis,
    ) -> PortResult<Vec<EncodeJob>>;

    /// A job by its id. `NotFound` if there is none.
    async fn job(&self, id: &str) -> PortResult<EncodeJob>;

    /// Cancels a job; one that has ended is not changed. `NotFound` if there is none.
    async fn cancel(&self, id: &str) -> PortResult<()>;
}

/// Wall-clock time: the only source of the present instant.
pub trait Clock: Send + Sync {
    fn now(&self) -> UnixMillis;
}
