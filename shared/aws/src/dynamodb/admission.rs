//! The line of waiting manifests and the slots of running jobs.
//!
//! Every move is one transaction over the ticket and the count, so that the count is exact after any crash.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update,
};
use reelsmith_core::admission::{Admitted, Ticket, TicketState};
use reelsmith_core::ports::{AdmissionStore, PortErrorKind, PortResult};

use super::item::{self, Item, number};
use super::{DynamoSubmissions, cancelled};
use crate::error::{pauses, port_error, unbuilt};

const LINE: &str = "admission#line";
const SLOTS: &str = "admission#slots";
const COUNT: &str = "admission#count";
const ABSENT: &str = "attribute_not_exists(pk)";
const PRESENT: &str = "attribute_exists(pk)";
/// How often a move is retried that conflicts with another one at the count.
const RETRIES: usize = 10;

/// The result of a transaction: done, or the index of the first item whose condition failed.
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
        let joined = self.transact("join the line", &ticket.execution, items);
        match joined.await? {
            Moved::Refused(0) => Ok(TicketState::Holding),
            Moved::Done | Moved::Refused(_) => Ok(TicketState::Waiting),
        }
    }

    async fn waiting(&self, limit: u32) -> PortResult<Vec<Ticket>> {
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let resource = self.resource(LINE);
        let answer = self.under(LINE).limit(limit).send().await;
        let answer = answer.map_err(|e| port_error(&resource, e))?;
        let items = answer.items.unwrap_or_default().into_iter();
        items.map(|i| item::value_of(&resource, i)).collect()
    }

    async fn admit(&self, ticket: &Ticket, slots: u32) -> PortResult<Admitted> {
        let items = vec![
            self.delete(LINE, &ticket.sort_key())?,
            self.put(SLOTS, &ticket.execution, ticket, ABSENT)?,
            self.count(1, Some(slots))?,
        ];
        let taken = self.transact("take a slot", &ticket.execution, items);
        match taken.await? {
            Moved::Done => Ok(Admitted::Yes),
            Moved::Refused(2) => Ok(Admitted::Full),
            Moved::Refused(1) => {
                // The ticket holds a slot and waits too: its event was delivered twice.
                let items = vec![self.delete(LINE, &ticket.sort_key())?];
                let left = self.transact("leave the line", &ticket.execution, items);
                left.await?;
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
        let items = self.under(SLOTS).into_paginator().items().send();
        let items = items.try_collect().await;
        let items = items.map_err(|e| port_error(&resource, e))?;
        let tickets = items.into_iter().map(|i| item::value_of(&resource, i));
        tickets.collect()
    }
}

impl DynamoSubmissions {
    /// A query of the tickets with a partition key.
    fn under(&self, pk: &str) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
            .consistent_read(true)
    }

    async fn transact(
        &self,
        doing: &str,
        execution: &str,
        items: Vec<TransactWriteItem>,
    ) -> PortResult<Moved> {
        let resource = self.resource(&format!("{execution}, {doing}"));
        let mut pauses = pauses(10, 500, RETRIES);
        loop {
            let request = self.client.transact_write_items();
            let answer = request.set_transact_items(Some(items.clone())).send().await;
            let Err(error) = answer else {
                return Ok(Moved::Done);
            };
            let codes = cancelled(&error).unwrap_or_default();
            if let Some(at) = codes.iter().position(|c| *c == "ConditionalCheckFailed") {
                return Ok(Moved::Refused(at));
            }
            let conflict = codes.contains(&"TransactionConflict");
            let mut port = port_error(&resource, error);
            if conflict {
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
        let mut item = item::attributes(ticket)?;
        item.extend(key(pk, sk));
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(condition)
            .build();
        Ok(TransactWriteItem::builder()
            .put(put.map_err(unbuilt)?)
            .build())
    }

    fn delete(&self, pk: &str, sk: &str) -> PortResult<TransactWriteItem> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key(pk, sk)))
            .condition_expression(PRESENT)
            .build();
        Ok(TransactWriteItem::builder()
            .delete(delete.map_err(unbuilt)?)
            .build())
    }

    fn check(&self, pk: &str, sk: &str) -> PortResult<TransactWriteItem> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(key(pk, sk)))
            .condition_expression(ABSENT)
            .build();
        Ok(TransactWriteItem::builder()
            .condition_check(check.map_err(unbuilt)?)
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
            .update(update.build().map_err(unbuilt)?)
            .build())
    }
}

fn key(pk: &str, sk: &str) -> Item {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(pk.to_owned())),
        ("sk".to_owned(), AttributeValue::S(sk.to_owned())),
    ])
}
