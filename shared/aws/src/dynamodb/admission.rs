//! The line of manifests that wait and the slots of those that are worked on.
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | ticket in the line | `admission#line` | its place, which sorts as the line is served |
//! | ticket that holds a slot | `admission#slots` | name of its execution |
//! | number of slots taken | `admission#count` | `slots` |
//!
//! Every move is one transaction over the ticket and the count, so the count is that of the slots after any crash.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use backon::{BackoffBuilder as _, ExponentialBuilder};
use reelsmith_core::admission::{Admitted, Ticket, TicketState};
use reelsmith_core::ports::{AdmissionStore, PortError, PortErrorKind, PortResult};

use super::DynamoSubmissions;
use super::item::{self, Item, number};
use crate::error::port_error;

const LINE: &str = "admission#line";
const SLOTS: &str = "admission#slots";
const COUNT: &str = "admission#count";
const ABSENT: &str = "attribute_not_exists(pk)";
const PRESENT: &str = "attribute_exists(pk)";
/// Movers that meet at the count are told to come again; after so many times the caller hears of it.
const TRIES: usize = 10;

/// What came of a transaction: done, or the first of its items whose condition did not hold.
enum Moved {
    Done,
    Refused(usize),
}

#[async_trait]
impl AdmissionStore for DynamoSubmissions {
    async fn join(&self, ticket: &Ticket) -> PortResult<TicketState> {
        let items = vec![
            self.check(SLOTS, &ticket.execution)?,
            self.put(LINE, &ticket.sort_key(), ticket, ABSENT)?,
        ];
        match self
            .transact("join the line", &ticket.execution, items)
            .await?
        {
            Moved::Refused(0) => Ok(TicketState::Holding),
            Moved::Done | Moved::Refused(_) => Ok(TicketState::Waiting),
        }
    }

    async fn waiting(&self, limit: u32) -> PortResult<Vec<Ticket>> {
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let resource = self.resource(LINE);
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(LINE.to_owned()))
            .consistent_read(true)
            .limit(limit)
            .send()
            .await
            .map_err(|e| port_error("Query", &resource, e))?;
        let items = answer.items.unwrap_or_default().into_iter();
        items.map(|i| item::ticket_of(&resource, i)).collect()
    }

    async fn admit(&self, ticket: &Ticket, slots: u32) -> PortResult<Admitted> {
        let items = vec![
            self.delete(LINE, &ticket.sort_key())?,
            self.put(SLOTS, &ticket.execution, ticket, ABSENT)?,
            self.count(1, Some(slots))?,
        ];
        match self
            .transact("take a slot", &ticket.execution, items)
            .await?
        {
            Moved::Done => Ok(Admitted::Yes),
            Moved::Refused(2) => Ok(Admitted::Full),
            Moved::Refused(1) => {
                // It holds a slot and waits too: joined once more by an event that was delivered again.
                self.transact(
                    "leave the line",
                    &ticket.execution,
                    vec![self.delete(LINE, &ticket.sort_key())?],
                )
                .await?;
                Ok(Admitted::Gone)
            }
            Moved::Refused(_) => Ok(Admitted::Gone),
        }
    }

    async fn release(&self, execution: &str) -> PortResult<bool> {
        let items = vec![self.delete(SLOTS, execution)?, self.count(-1, None)?];
        match self.transact("give a slot back", execution, items).await? {
            Moved::Done => Ok(true),
            Moved::Refused(_) => Ok(false),
        }
    }

    async fn holding(&self) -> PortResult<Vec<Ticket>> {
        let resource = self.resource(SLOTS);
        let mut items = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(SLOTS.to_owned()))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut tickets = Vec::new();
        while let Some(found) = items.next().await {
            let found = found.map_err(|e| port_error("Query", &resource, e))?;
            tickets.push(item::ticket_of(&resource, found)?);
        }
        Ok(tickets)
    }
}

impl DynamoSubmissions {
    async fn transact(
        &self,
        doing: &str,
        execution: &str,
        items: Vec<TransactWriteItem>,
    ) -> PortResult<Moved> {
        let resource = self.resource(&format!("{execution}, {doing}"));
        let mut pauses = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(Duration::from_millis(10))
            .with_max_delay(Duration::from_millis(500))
            .with_max_times(TRIES)
            .build();
        loop {
            let request = self.client.transact_write_items();
            let answer = request.set_transact_items(Some(items.clone())).send().await;
            let Err(error) = answer else {
                return Ok(Moved::Done);
            };
            let codes = cancelled(&error);
            if let Some(at) = codes.iter().position(|c| c == "ConditionalCheckFailed") {
                return Ok(Moved::Refused(at));
            }
            let mut port = port_error("TransactWriteItems", &resource, error);
            if codes.iter().any(|c| c == "TransactionConflict") {
                port = port.with_kind(PortErrorKind::Unavailable);
            }
            match pauses.next() {
                Some(pause) if port.kind() == PortErrorKind::Unavailable => {
                    tokio::time::sleep(pause).await;
                }
                _ => return Err(port),
            }
        }
    }

    fn put(
        &self,
        pk: &str,
        sk: &str,
        ticket: &Ticket,
        condition: &str,
    ) -> PortResult<TransactWriteItem> {
        let mut item = item::ticket_attributes(ticket)?;
        item.extend(key(pk, sk));
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(condition)
            .build();
        Ok(TransactWriteItem::builder()
            .put(put.map_err(invalid)?)
            .build())
    }

    fn delete(&self, pk: &str, sk: &str) -> PortResult<TransactWriteItem> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key(pk, sk)))
            .condition_expression(PRESENT)
            .build();
        Ok(TransactWriteItem::builder()
            .delete(delete.map_err(invalid)?)
            .build())
    }

    fn check(&self, pk: &str, sk: &str) -> PortResult<TransactWriteItem> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(key(pk, sk)))
            .condition_expression(ABSENT)
            .build();
        Ok(TransactWriteItem::builder()
            .condition_check(check.map_err(invalid)?)
            .build())
    }

    fn count(&self, by: i32, below: Option<u32>) -> PortResult<TransactWriteItem> {
        let mut update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(COUNT, "slots")))
            .update_expression("ADD taken :by")
            .expression_attribute_values(":by", number(by));
        if let Some(below) = below {
            update = update
                .condition_expression("attribute_not_exists(taken) OR taken < :below")
                .expression_attribute_values(":below", number(below));
        }
        Ok(TransactWriteItem::builder()
            .update(update.build().map_err(invalid)?)
            .build())
    }
}

fn key(pk: &str, sk: &str) -> Item {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(pk.to_owned())),
        ("sk".to_owned(), AttributeValue::S(sk.to_owned())),
    ])
}

fn invalid(error: impl std::fmt::Display) -> PortError {
    PortError::new(PortErrorKind::Invalid, error.to_string())
}

/// The reasons of a cancelled transaction, one for each of its items; none where it was not cancelled.
fn cancelled(error: &SdkError<TransactWriteItemsError, HttpResponse>) -> Vec<String> {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancelled
            .cancellation_reasons()
            .iter()
            .map(|r| r.code().unwrap_or_default().to_owned())
            .collect(),
        _ => Vec::new(),
    }
}
