//! The ports over a script of faults.

use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;
use reelsmith_core::admission::{Admitted, Ticket, TicketState};
use reelsmith_core::encode::{EncodeJob, EncodeOrder};
use reelsmith_core::keys::JobKey;
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{
    AdmissionStore, Announcer, EncodeService, ListedObject, Message, ObjectMeta, ObjectStore,
    PortResult, Put, PutOptions, Started, SubmissionStore, Workflow,
};
use reelsmith_core::submission::{OutboxEntry, Row, State, Transition, TransitionOutcome};
use reelsmith_core::time::UnixMillis;

use super::{Call, Faulty};

#[async_trait]
impl<P: ObjectStore + ?Sized> ObjectStore for Faulty<P> {
    async fn head(&self, object: &ObjectRef) -> PortResult<ObjectMeta> {
        self.faults.run(Call::Head, self.inner.head(object)).await
    }

    async fn get(&self, object: &ObjectRef, limit: u64) -> PortResult<Bytes> {
        let work = self.inner.get(object, limit);
        self.faults.run(Call::Get, work).await
    }

    async fn get_range(&self, pin: &ObjectPin, start: u64, end: u64) -> PortResult<Bytes> {
        let work = self.inner.get_range(pin, start, end);
        self.faults.run(Call::GetRange, work).await
    }

    async fn put(&self, object: &ObjectRef, body: Bytes, options: &PutOptions) -> PortResult<Put> {
        let work = self.inner.put(object, body, options);
        self.faults.run(Call::Put, work).await
    }

    async fn put_file(
        &self,
        object: &ObjectRef,
        file: &Path,
        options: &PutOptions,
    ) -> PortResult<Put> {
        let work = self.inner.put_file(object, file, options);
        self.faults.run(Call::PutFile, work).await
    }

    async fn list(&self, bucket: &str, prefix: &str) -> PortResult<Vec<ListedObject>> {
        let work = self.inner.list(bucket, prefix);
        self.faults.run(Call::List, work).await
    }

    async fn delete(&self, bucket: &str, keys: &[String]) -> PortResult<()> {
        let work = self.inner.delete(bucket, keys);
        self.faults.run(Call::Delete, work).await
    }
}

#[async_trait]
impl<P: SubmissionStore + ?Sized> SubmissionStore for Faulty<P> {
    async fn row(&self, job_key: &JobKey) -> PortResult<Option<Row>> {
        self.faults.run(Call::Row, self.inner.row(job_key)).await
    }

    async fn apply(
        &self,
        transition: &Transition,
        now: UnixMillis,
    ) -> PortResult<TransitionOutcome> {
        let work = self.inner.apply(transition, now);
        self.faults.run(Call::Apply, work).await
    }

    async fn enqueue(&self, entry: &OutboxEntry) -> PortResult<()> {
        let work = self.inner.enqueue(entry);
        self.faults.run(Call::Enqueue, work).await
    }

    async fn pending(&self, outbox: &str) -> PortResult<Vec<OutboxEntry>> {
        let work = self.inner.pending(outbox);
        self.faults.run(Call::Pending, work).await
    }

    async fn mark_sent(&self, entry: &OutboxEntry, now: UnixMillis) -> PortResult<()> {
        let work = self.inner.mark_sent(entry, now);
        self.faults.run(Call::MarkSent, work).await
    }

    async fn rows_in(&self, state: State, before: UnixMillis) -> PortResult<Vec<Row>> {
        let work = self.inner.rows_in(state, before);
        self.faults.run(Call::RowsIn, work).await
    }

    async fn unsent(&self, before: UnixMillis) -> PortResult<Vec<OutboxEntry>> {
        let work = self.inner.unsent(before);
        self.faults.run(Call::Unsent, work).await
    }
}

#[async_trait]
impl<P: AdmissionStore + ?Sized> AdmissionStore for Faulty<P> {
    async fn join(&self, ticket: &Ticket) -> PortResult<TicketState> {
        self.faults.run(Call::Join, self.inner.join(ticket)).await
    }

    async fn waiting(&self, limit: u32) -> PortResult<Vec<Ticket>> {
        self.faults.run(Call::Line, self.inner.waiting(limit)).await
    }

    async fn admit(&self, ticket: &Ticket, slots: u32) -> PortResult<Admitted> {
        let work = self.inner.admit(ticket, slots);
        self.faults.run(Call::Admit, work).await
    }

    async fn release(&self, execution: &str) -> PortResult<bool> {
        let work = self.inner.release(execution);
        self.faults.run(Call::Release, work).await
    }

    async fn holding(&self) -> PortResult<Vec<Ticket>> {
        self.faults.run(Call::Holding, self.inner.holding()).await
    }
}

#[async_trait]
impl<P: Workflow + ?Sized> Workflow for Faulty<P> {
    async fn start(&self, name: &str, input: &str) -> PortResult<Started> {
        let work = self.inner.start(name, input);
        self.faults.run(Call::Start, work).await
    }

    async fn has_ended(&self, execution: &str) -> PortResult<Option<bool>> {
        let work = self.inner.has_ended(execution);
        self.faults.run(Call::HasEnded, work).await
    }

    async fn has_timed_out(&self, execution: &str) -> PortResult<bool> {
        let work = self.inner.has_timed_out(execution);
        self.faults.run(Call::HasTimedOut, work).await
    }
}

#[async_trait]
impl<P: Announcer + ?Sized> Announcer for Faulty<P> {
    async fn announce(&self, message: &Message) -> PortResult<()> {
        let work = self.inner.announce(message);
        self.faults.run(Call::Announce, work).await
    }
}

#[async_trait]
impl<P: EncodeService + ?Sized> EncodeService for Faulty<P> {
    async fn create(&self, order: &EncodeOrder) -> PortResult<EncodeJob> {
        let work = self.inner.create(order);
        self.faults.run(Call::CreateEncode, work).await
    }

    async fn find(
        &self,
        input: &ObjectRef,
        job_key: &JobKey,
        since: UnixMillis,
    ) -> PortResult<Vec<EncodeJob>> {
        let work = self.inner.find(input, job_key, since);
        self.faults.run(Call::FindEncodes, work).await
    }

    async fn job(&self, id: &str) -> PortResult<EncodeJob> {
        self.faults.run(Call::LookEncode, self.inner.job(id)).await
    }

    async fn cancel(&self, id: &str) -> PortResult<()> {
        let work = self.inner.cancel(id);
        self.faults.run(Call::CancelEncode, work).await
    }
}
