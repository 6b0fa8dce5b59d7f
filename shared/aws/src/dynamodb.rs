//! The submission table in DynamoDB.
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | row of a job | `job#{job_key}` | `row` |
//! | outbox entry | `outbox#{outbox}` | its id, for example `success#g1` |
//!
//! A row carries a `revision` that grows by one with every write, and the `write` token of the call that wrote it. The
//! first makes a write conditional on the row that was decided upon; the second tells a caller whose answer was lost
//! that the write in the table is its own.

mod admission;
mod apply;
pub(crate) mod item;
mod outbox;
mod sweep;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use item::Stored;
use reelsmith_core::keys::JobKey;
use reelsmith_core::ports::{PortResult, SubmissionStore};
use reelsmith_core::submission::{OutboxEntry, Row, State, Transition, TransitionOutcome};
use reelsmith_core::time::UnixMillis;

use crate::error::port_error;

/// The table behind the [`SubmissionStore`] port.
#[derive(Clone, Debug)]
pub struct DynamoSubmissions {
    client: Client,
    table: String,
}

impl DynamoSubmissions {
    /// The table of that name or ARN.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
        }
    }

    async fn stored(&self, job_key: &JobKey) -> PortResult<Option<Stored>> {
        let resource = self.resource(&format!("job {job_key}"));
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(item::job_pk(job_key)))
            .key("sk", AttributeValue::S(item::ROW.to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|e| port_error("GetItem", &resource, e))?;
        answer
            .item
            .map(|item| Stored::from_item(&resource, item))
            .transpose()
    }

    fn resource(&self, what: &str) -> String {
        format!("table {} {what}", self.table)
    }
}

#[async_trait]
impl SubmissionStore for DynamoSubmissions {
    async fn row(&self, job_key: &JobKey) -> PortResult<Option<Row>> {
        Ok(self.stored(job_key).await?.map(|stored| stored.row))
    }

    async fn apply(
        &self,
        transition: &Transition,
        now: UnixMillis,
    ) -> PortResult<TransitionOutcome> {
        self.apply_transition(transition, now).await
    }

    async fn enqueue(&self, entry: &OutboxEntry) -> PortResult<()> {
        self.put_entry(entry).await
    }

    async fn pending(&self, outbox: &str) -> PortResult<Vec<OutboxEntry>> {
        self.unsent_of(outbox).await
    }

    async fn mark_sent(&self, entry: &OutboxEntry, now: UnixMillis) -> PortResult<()> {
        self.put_sent(entry, now).await
    }

    async fn rows_in(&self, state: State, before: UnixMillis) -> PortResult<Vec<Row>> {
        self.rows_of(state, before).await
    }

    async fn unsent(&self, before: UnixMillis) -> PortResult<Vec<OutboxEntry>> {
        self.all_unsent(before).await
    }
}
