//! The line and the slots in memory, under one lock.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use reelsmith_core::admission::{Admitted, Ticket, TicketState};
use reelsmith_core::ports::{AdmissionStore, PortResult};

use super::locked;

#[derive(Debug, Default)]
struct Tables {
    line: BTreeMap<String, Ticket>,
    slots: BTreeMap<String, Ticket>,
}

/// Line and slots in memory.
#[derive(Debug, Default)]
pub struct MemoryAdmissions {
    tables: Mutex<Tables>,
}

#[async_trait]
impl AdmissionStore for MemoryAdmissions {
    async fn join(&self, ticket: &Ticket) -> PortResult<TicketState> {
        let mut tables = locked(&self.tables);
        if tables.slots.contains_key(&ticket.execution) {
            return Ok(TicketState::Holding);
        }
        let place = tables.line.entry(ticket.sort_key());
        place.or_insert_with(|| ticket.clone());
        Ok(TicketState::Waiting)
    }

    async fn waiting(&self, limit: u32) -> PortResult<Vec<Ticket>> {
        let tables = locked(&self.tables);
        let first = tables.line.values().take(limit as usize);
        Ok(first.cloned().collect())
    }

    async fn admit(&self, ticket: &Ticket, slots: u32) -> PortResult<Admitted> {
        let mut tables = locked(&self.tables);
        if tables.slots.contains_key(&ticket.execution) {
            tables.line.remove(&ticket.sort_key());
            return Ok(Admitted::Gone);
        }
        if !tables.line.contains_key(&ticket.sort_key()) {
            return Ok(Admitted::Gone);
        }
        if tables.slots.len() >= slots as usize {
            return Ok(Admitted::Full);
        }
        tables.line.remove(&ticket.sort_key());
        tables
            .slots
            .insert(ticket.execution.clone(), ticket.clone());
        Ok(Admitted::Yes)
    }

    async fn release(&self, execution: &str) -> PortResult<bool> {
        Ok(locked(&self.tables).slots.remove(execution).is_some())
    }

    async fn holding(&self) -> PortResult<Vec<Ticket>> {
        Ok(locked(&self.tables).slots.values().cloned().collect())
    }
}
