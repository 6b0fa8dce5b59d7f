//! Admission: manifests wait in a line until the deployment has a slot for a running job.
//!
//! **Problem.** A deployment runs at most `MAX_RUNNING_JOBS` executions at once, urgent manifests go first, and no manifest
//! may be lost or started twice, although every event can be delivered again and every call can crash halfway.
//!
//! **Idea.** A manifest becomes a [`Ticket`] whose execution name follows from bucket, key and version. A ticket either waits
//! in the line or holds a slot; the [`AdmissionStore`] moves it in one transaction over ticket and count, so the count of
//! slots is exact after any crash.
//!
//! 1. `start-execution` calls [`Admission::join`] for a new manifest, then [`Admission::start_waiting`].
//! 2. [`Admission::start_waiting`] admits tickets from the head of the line while slots are free, and starts their executions.
//! 3. When an execution ends, its message on the topic wakes `start-execution`, which calls [`Admission::finished`] to free the
//!    slot and then admits the next ticket.
//! 4. `reap-jobs` calls [`Admission::free_ended`] for the cases in which step 2 or 3 did not happen.
//!
//! **Invariant.** A slot is held exactly by the tickets whose execution is running, is about to be started, or has ended
//! without its slot being freed yet. Each of these cases is resolved by a repeat of one of the calls above.
//!
//! ```text
//! let admission = Admission::new(store, workflow, 20);
//! admission.join(&ticket).await?;
//! let started = admission.start_waiting().await?;
//! ```

use std::sync::Arc;

use reelsmith_contract::notice::execution_name;
use reelsmith_contract::{Failure, PortResultExt as _};
use reelsmith_core::admission::{Admitted, Ticket, TicketState};
use reelsmith_core::ports::{AdmissionStore, Started, Workflow};

/// Tickets that one read of the line returns.
const TICKETS: u32 = 10;

/// The line, the slots, and the state machine that runs the executions.
#[derive(Clone)]
pub struct Admission {
    store: Arc<dyn AdmissionStore>,
    workflow: Arc<dyn Workflow>,
    slots: u32,
}

impl Admission {
    /// `slots` is the number of executions that may run at once.
    pub fn new(store: Arc<dyn AdmissionStore>, workflow: Arc<dyn Workflow>, slots: u32) -> Self {
        Self {
            store,
            workflow,
            slots,
        }
    }

    /// Adds a ticket to the line, unless it is there already or its execution was started.
    pub async fn join(&self, ticket: &Ticket) -> Result<(), Failure> {
        // An event that is delivered again after its execution started must not take a slot from another manifest.
        if self.has_ended(&ticket.execution).await?.is_some() {
            tracing::info!(execution = %ticket.execution, "already started");
            return Ok(());
        }
        match self.store.join(ticket).await.on_table()? {
            TicketState::Waiting => {
                tracing::info!(execution = %ticket.execution, priority = ticket.priority, "waiting in line");
            }
            // Another call is about to start it, or ended before it could.
            TicketState::Holding => self.start(ticket).await?,
        }
        Ok(())
    }

    /// Frees the slot of an execution that has ended. Returns false if it held none.
    pub async fn finished(&self, execution: &str) -> Result<bool, Failure> {
        let name = execution_name(execution);
        self.store.release(name).await.on_table()
    }

    /// Starts executions from the head of the line while slots are free. Returns how many.
    pub async fn start_waiting(&self) -> Result<u32, Failure> {
        let mut started = 0;
        loop {
            let line = self.store.waiting(TICKETS).await.on_table()?;
            if line.is_empty() {
                return Ok(started);
            }
            for ticket in line {
                match self.store.admit(&ticket, self.slots).await.on_table()? {
                    Admitted::Full => return Ok(started),
                    Admitted::Gone => {}
                    Admitted::Yes => {
                        self.start_or_requeue(&ticket).await?;
                        started += 1;
                    }
                }
            }
        }
    }

    /// Frees the slots of executions that ended without a message, and starts executions that were never started. Returns
    /// how many slots were freed.
    pub async fn free_ended(&self) -> Result<u32, Failure> {
        let mut freed = 0;
        for ticket in self.store.holding().await.on_table()? {
            match self.has_ended(&ticket.execution).await? {
                Some(true) => freed += u32::from(self.finished(&ticket.execution).await?),
                Some(false) => {}
                None => self.start(&ticket).await?,
            }
        }
        Ok(freed)
    }

    async fn start_or_requeue(&self, ticket: &Ticket) -> Result<(), Failure> {
        let started = self.start(ticket).await;
        if started.is_err() {
            // Best effort: if this fails too, the reaper finds a slot whose execution was never started.
            let _freed = self.finished(&ticket.execution).await;
            let _queued = self.store.join(ticket).await;
        }
        started
    }

    async fn start(&self, ticket: &Ticket) -> Result<(), Failure> {
        let started = self.workflow.start(&ticket.execution, &ticket.input).await;
        match started.on_workflow()? {
            Started::New(arn) => tracing::info!(execution = %arn, "started"),
            Started::Existing => {
                tracing::info!(execution = %ticket.execution, "already started");
                if self.has_ended(&ticket.execution).await? == Some(true) {
                    self.finished(&ticket.execution).await?;
                }
            }
        }
        Ok(())
    }

    async fn has_ended(&self, execution: &str) -> Result<Option<bool>, Failure> {
        self.workflow.has_ended(execution).await.on_workflow()
    }
}
