//! The submission table in memory: decisions under one lock.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use reelsmith_core::keys::JobKey;
use reelsmith_core::ports::{PortError, PortErrorKind, PortResult, SubmissionStore};
use reelsmith_core::submission::{OutboxEntry, Row, State, Transition, TransitionOutcome};
use reelsmith_core::time::UnixMillis;

use super::locked;

#[derive(Debug, Default)]
struct Tables {
    rows: BTreeMap<JobKey, Row>,
    outbox: BTreeMap<(String, String), Queued>,
}

#[derive(Debug)]
struct Queued {
    entry: OutboxEntry,
    sent: Option<UnixMillis>,
}

impl Tables {
    fn enqueue(&mut self, entry: &OutboxEntry) {
        let identity = (entry.outbox.clone(), entry.id.clone());
        self.outbox.entry(identity).or_insert_with(|| Queued {
            entry: entry.clone(),
            sent: None,
        });
    }
}

/// Rows and outbox entries in memory.
#[derive(Debug, Default)]
pub struct MemorySubmissions {
    tables: Mutex<Tables>,
}

impl MemorySubmissions {
    /// All rows, by job key.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        locked(&self.tables).rows.values().cloned().collect()
    }

    /// Stores a row unchecked, for tests that start in the middle of a job.
    pub fn place(&self, row: Row) {
        locked(&self.tables).rows.insert(row.job_key.clone(), row);
    }

    /// All outbox entries with the time they were sent, by outbox and id.
    #[must_use]
    pub fn outbox(&self) -> Vec<(OutboxEntry, Option<UnixMillis>)> {
        locked(&self.tables)
            .outbox
            .values()
            .map(|queued| (queued.entry.clone(), queued.sent))
            .collect()
    }
}

#[async_trait]
impl SubmissionStore for MemorySubmissions {
    async fn row(&self, job_key: &JobKey) -> PortResult<Option<Row>> {
        Ok(locked(&self.tables).rows.get(job_key).cloned())
    }

    async fn apply(
        &self,
        transition: &Transition,
        now: UnixMillis,
    ) -> PortResult<TransitionOutcome> {
        let mut tables = locked(&self.tables);
        let outcome = transition.decide(tables.rows.get(&transition.job_key), now);
        if let TransitionOutcome::Applied(row) = &outcome {
            tables.rows.insert(transition.job_key.clone(), row.clone());
            if let Some(notice) = &transition.notice {
                tables.enqueue(notice);
            }
        }
        Ok(outcome)
    }

    async fn enqueue(&self, entry: &OutboxEntry) -> PortResult<()> {
        locked(&self.tables).enqueue(entry);
        Ok(())
    }

    async fn pending(&self, outbox: &str) -> PortResult<Vec<OutboxEntry>> {
        Ok(locked(&self.tables)
            .outbox
            .values()
            .filter(|queued| queued.entry.outbox == outbox && queued.sent.is_none())
            .map(|queued| queued.entry.clone())
            .collect())
    }

    async fn mark_sent(&self, entry: &OutboxEntry, now: UnixMillis) -> PortResult<()> {
        let identity = (entry.outbox.clone(), entry.id.clone());
        let mut tables = locked(&self.tables);
        let queued = tables.outbox.get_mut(&identity).ok_or_else(|| {
            let detail = format!("no outbox entry {}", entry.message_id());
            PortError::new(PortErrorKind::NotFound, detail)
        })?;
        queued.sent.get_or_insert(now);
        Ok(())
    }

    async fn rows_in(&self, state: State, before: UnixMillis) -> PortResult<Vec<Row>> {
        let tables = locked(&self.tables);
        let wanted = |row: &&Row| row.state == state && row.updated < before;
        let mut rows: Vec<Row> = tables.rows.values().filter(wanted).cloned().collect();
        rows.sort_by_key(|row| row.updated);
        Ok(rows)
    }

    async fn unsent(&self, before: UnixMillis) -> PortResult<Vec<OutboxEntry>> {
        let tables = locked(&self.tables);
        let waits = |q: &&Queued| q.sent.is_none() && q.entry.created < before;
        let waiting = tables.outbox.values().filter(waits);
        let mut entries: Vec<OutboxEntry> = waiting.map(|q| q.entry.clone()).collect();
        entries.sort_by_key(|entry| entry.created);
        Ok(entries)
    }
}
