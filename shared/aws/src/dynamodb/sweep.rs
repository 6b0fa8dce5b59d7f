//! What the reaper looks for: rows by their state, and messages that were not sent. Both by the index `by-status`.

use aws_sdk_dynamodb::types::AttributeValue;
use reelsmith_core::ports::PortResult;
use reelsmith_core::submission::{OutboxEntry, Row, State};
use reelsmith_core::time::UnixMillis;

use super::DynamoSubmissions;
use super::item::{self, Item, Stored, number};
use crate::error::port_error;

/// The index by status and time.
const BY_STATUS: &str = "by-status";

impl DynamoSubmissions {
    pub(super) async fn rows_of(&self, state: State, before: UnixMillis) -> PortResult<Vec<Row>> {
        let resource = self.resource(&format!("rows that are {}", state.as_str()));
        let items = self.by_status(state.as_str(), before).await?;
        let stored = items.into_iter().map(|i| Stored::from_item(&resource, i));
        stored.map(|s| Ok(s?.row)).collect()
    }

    pub(super) async fn all_unsent(&self, before: UnixMillis) -> PortResult<Vec<OutboxEntry>> {
        let resource = self.resource("outbox entries not sent");
        let items = self.by_status(item::PENDING, before).await?;
        items
            .into_iter()
            .map(|i| item::entry_of(&resource, i))
            .collect()
    }

    /// Items of a status that changed before an instant, oldest first.
    async fn by_status(&self, status: &str, before: UnixMillis) -> PortResult<Vec<Item>> {
        let resource = self.resource(&format!("index {BY_STATUS} {status}"));
        let mut pages = self
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
        let mut items = Vec::new();
        while let Some(found) = pages.next().await {
            items.push(found.map_err(|e| port_error("Query", &resource, e))?);
        }
        Ok(items)
    }
}
