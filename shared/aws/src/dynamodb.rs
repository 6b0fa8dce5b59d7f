//! The submission table in DynamoDB, behind the ports [`SubmissionStore`] and
//! [`AdmissionStore`](reelsmith_core::ports::AdmissionStore).
//!
//! The problem: executions, retries and the reaper change the same rows at the same time, and an answer can be lost after
//! the write took effect. Yet a job must be encoded exactly once, and no notification may be lost.
//!
//! The idea: [`Transition::decide`] makes every decision as a pure function of the row. The adapter reads the row with
//! strong consistency, calls `decide`, and writes the result under the condition that the row has not changed since. If it
//! has changed, the adapter starts again (`apply.rs`).
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | row of a job | `job#{job_key}` | `row` |
//! | outbox entry | `outbox#{outbox}` | its id, for example `success#g1` |
//! | ticket in the line | `admission#line` | its place, which sorts in the order of service |
//! | ticket that holds a slot | `admission#slots` | the name of its execution |
//! | number of slots taken | `admission#count` | `slots` |
//!
//! Invariants:
//! - A row carries a `revision` that grows by one with every write. It is the condition of the next write.
//! - A row carries the `write` token of the call that wrote it. A caller whose answer was lost reads the row again and
//!   recognises its own write.
//! - A row and the outbox entry that it causes are written in one transaction.
//! - Rows and entries share the index `by-status` (`gsi_status`, `updated`), which the reaper searches. It may lag behind.
//!
//! For example, `apply` of a `Commit` reads the row at revision 4, decides, and writes revision 5 under the condition
//! `revision = 4`. If another writer won, the condition fails and the next round decides upon that writer's row.

mod admission;
mod apply;
pub(crate) mod item;

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Update};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use item::{Item, Stored, number};
use reelsmith_core::keys::JobKey;
use reelsmith_core::ports::{PortError, PortErrorKind, PortResult, SubmissionStore};
use reelsmith_core::submission::{OutboxEntry, Row, State, Transition, TransitionOutcome};
use reelsmith_core::time::UnixMillis;

use crate::error::{port_error, unbuilt};

/// The index by status and time.
const BY_STATUS: &str = "by-status";

/// The table behind the [`SubmissionStore`] port.
#[derive(Clone, Debug)]
pub struct DynamoSubmissions {
    client: Client,
    table: String,
}

impl DynamoSubmissions {
    /// The table with that name or ARN.
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
            .map_err(|e| port_error(&resource, e))?;
        answer
            .item
            .map(|item| Stored::from_item(&resource, item))
            .transpose()
    }

    /// Writes an entry unless it exists; an existing entry, sent or not, stays as it is. The update has no condition, so
    /// that in a transaction only the row can refuse.
    fn entry_update(&self, entry: &OutboxEntry) -> PortResult<Update> {
        let (mut sets, mut names, mut values) = (Vec::new(), HashMap::new(), HashMap::new());
        for (name, value) in item::entry_attributes(entry)? {
            sets.push(format!("#{name} = if_not_exists(#{name}, :{name})"));
            names.insert(format!("#{name}"), name.clone());
            values.insert(format!(":{name}"), value);
        }
        sets.sort_unstable();
        Update::builder()
            .table_name(&self.table)
            .set_key(Some(item::entry_key(entry)))
            .update_expression(format!("SET {}", sets.join(", ")))
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .build()
            .map_err(unbuilt)
    }

    /// Items of a status that changed before an instant, oldest first.
    async fn by_status(&self, status: &str, before: UnixMillis) -> PortResult<Vec<Item>> {
        let resource = self.resource(&format!("index {BY_STATUS} {status}"));
        let items = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(BY_STATUS)
            .key_condition_expression("gsi_status = :status AND updated < :before")
            .expression_attribute_values(":status", AttributeValue::S(status.to_owned()))
            .expression_attribute_values(":before", number(before.0))
            .into_paginator()
            .items()
            .send();
        let items = items.try_collect().await;
        items.map_err(|e| port_error(&resource, e))
    }

    fn resource(&self, what: &str) -> String {
        format!("table {} {what}", self.table)
    }

    fn entry_resource(&self, entry: &OutboxEntry) -> String {
        self.resource(&format!("outbox entry {}", entry.message_id()))
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
        let update = self.entry_update(entry)?;
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(update.key))
            .update_expression(update.update_expression)
            .set_expression_attribute_names(update.expression_attribute_names)
            .set_expression_attribute_values(update.expression_attribute_values)
            .send()
            .await
            .map(drop)
            .map_err(|e| port_error(&self.entry_resource(entry), e))
    }

    async fn pending(&self, outbox: &str) -> PortResult<Vec<OutboxEntry>> {
        let resource = self.resource(&format!("outbox {outbox}"));
        let items = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .filter_expression("attribute_not_exists(#sent)")
            .expression_attribute_names("#sent", "sent")
            .expression_attribute_values(":pk", AttributeValue::S(item::outbox_pk(outbox)))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let items = items.try_collect().await;
        let items = items.map_err(|e| port_error(&resource, e))?;
        let entries = items.into_iter().map(|i| item::value_of(&resource, i));
        entries.collect()
    }

    async fn mark_sent(&self, entry: &OutboxEntry, now: UnixMillis) -> PortResult<()> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::entry_key(entry)))
            .update_expression(
                "SET #sent = if_not_exists(#sent, :now), #expires = if_not_exists(#expires, :expires), gsi_status = :status",
            )
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#sent", "sent")
            .expression_attribute_names("#expires", "expires")
            .expression_attribute_values(":now", number(now.0))
            .expression_attribute_values(":expires", item::entry_expires(now))
            .expression_attribute_values(":status", AttributeValue::S(item::SENT.to_owned()))
            .send()
            .await;
        let Err(error) = answer else {
            return Ok(());
        };
        let resource = self.entry_resource(entry);
        let missing = error
            .as_service_error()
            .is_some_and(|e| e.is_conditional_check_failed_exception());
        if missing {
            let detail = format!("UpdateItem {resource}: expected the entry, found none");
            return Err(PortError::new(PortErrorKind::NotFound, detail));
        }
        Err(port_error(&resource, error))
    }

    async fn rows_in(&self, state: State, before: UnixMillis) -> PortResult<Vec<Row>> {
        let resource = self.resource(&format!("rows in state {}", state.as_str()));
        let items = self.by_status(state.as_str(), before).await?;
        let stored = items.into_iter().map(|i| Stored::from_item(&resource, i));
        stored.map(|s| Ok(s?.row)).collect()
    }

    async fn unsent(&self, before: UnixMillis) -> PortResult<Vec<OutboxEntry>> {
        let resource = self.resource("unsent outbox entries");
        let items = self.by_status(item::PENDING, before).await?;
        let entries = items.into_iter().map(|i| item::value_of(&resource, i));
        entries.collect()
    }
}

/// The reasons of a cancelled transaction, one for each of its items; the text `None` for an item that was not at fault.
fn cancelled(error: &SdkError<TransactWriteItemsError, HttpResponse>) -> Option<Vec<&str>> {
    match error.as_service_error()? {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            let reasons = cancelled.cancellation_reasons().iter();
            Some(reasons.map(|r| r.code().unwrap_or("None")).collect())
        }
        _ => None,
    }
}
