//! The outbox: notifications that must be sent, beside the rows that cause them.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, Update};
use reelsmith_core::ports::{PortError, PortErrorKind, PortResult};
use reelsmith_core::submission::OutboxEntry;
use reelsmith_core::time::UnixMillis;

use super::DynamoSubmissions;
use super::item::{self, number};
use crate::error::port_error;

impl DynamoSubmissions {
    /// Writes an entry where there is none; one that is there, sent or not, stays as it is. It needs no condition, so
    /// that in a transaction only the row can refuse.
    pub(super) fn entry_update(&self, entry: &OutboxEntry) -> PortResult<Update> {
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
            .map_err(|e| PortError::new(PortErrorKind::Invalid, e.to_string()))
    }

    pub(super) async fn put_entry(&self, entry: &OutboxEntry) -> PortResult<()> {
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
            .map_err(|e| port_error("UpdateItem", &self.entry_resource(entry), e))
    }

    pub(super) async fn put_sent(&self, entry: &OutboxEntry, now: UnixMillis) -> PortResult<()> {
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
        let missing = error
            .as_service_error()
            .is_some_and(|e| e.is_conditional_check_failed_exception());
        let resource = self.entry_resource(entry);
        if missing {
            let detail = format!("UpdateItem {resource}: expected the entry, found none");
            return Err(PortError::new(PortErrorKind::NotFound, detail));
        }
        Err(port_error("UpdateItem", &resource, error))
    }

    pub(super) async fn unsent_of(&self, outbox: &str) -> PortResult<Vec<OutboxEntry>> {
        let resource = self.resource(&format!("outbox {outbox}"));
        let mut items = self
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
        let mut entries = Vec::new();
        while let Some(found) = items.next().await {
            let found = found.map_err(|e| port_error("Query", &resource, e))?;
            entries.push(item::entry_of(&resource, found)?);
        }
        Ok(entries)
    }

    fn entry_resource(&self, entry: &OutboxEntry) -> String {
        self.resource(&format!("outbox entry {}", entry.message_id()))
    }
}
