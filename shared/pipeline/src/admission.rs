//! The line of manifests and the slots of a deployment, as the functions use them.

use std::sync::Arc;

use reelsmith_contract::{Failure, PortResultExt as _};
use reelsmith_core::admission::{Admitted, Ticket, TicketState};
use reelsmith_core::ports::{AdmissionStore, Started, Workflow};

/// Tickets looked at in one read of the line.
const LOOK: u32 = 10;

/// Line, slots and the state machine behind them.
#[derive(Clone)]
pub struct Admission {
    store: Arc<dyn AdmissionStore>,
    workflow: Arc<dyn Workflow>,
    slots: u32,
}

impl Admission {
    /// So many jobs at once.
    pub fn new(store: Arc<dyn AdmissionStore>, workflow: Arc<dyn Workflow>, slots: u32) -> Self {
        Self {
            store,
            workflow,
            slots,
        }
    }

    /// Joins the line, unless the ticket is there, or its execution was started.
    ///
    /// # Errors
    /// Those of the table and of Step Functions.
    pub async fn join(&self, ticket: &Ticket) -> Result<(), Failure> {
        // An event that is delivered again after its execution has started must not take a slot from another.
        if self.has_ended(&ticket.execution).await?.is_some() {
            tracing::info!(execution = %ticket.execution, "known already");
            return Ok(());
        }
        let place = self.store.join(ticket).await.on_table()?;
        match place {
            TicketState::Waiting => {
                tracing::info!(execution = %ticket.execution, priority = ticket.priority, "in line");
            }
            // Another call is about to start it, or died before it could.
            TicketState::Holding => self.start(ticket).await?,
        }
        Ok(())
    }

    /// Gives the slot of an execution back that ends.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn finished(&self, execution: &str) -> Result<bool, Failure> {
        let name = execution.rsplit(':').next().unwrap_or(execution);
        self.store.release(name).await.on_table()
    }

    /// Starts executions from the head of the line as long as there are slots; how many.
    ///
    /// # Errors
    /// Those of the table and of Step Functions. The ticket that could not be started is in line again.
    pub async fn serve(&self) -> Result<u32, Failure> {
        let mut started = 0;
        loop {
            let line = self.store.waiting(LOOK).await.on_table()?;
            if line.is_empty() {
                return Ok(started);
            }
            for ticket in line {
                match self.store.admit(&ticket, self.slots).await.on_table()? {
                    Admitted::Full => return Ok(started),
                    Admitted::Gone => {}
                    Admitted::Yes => {
                        self.start_or_queue(&ticket).await?;
                        started += 1;
                    }
                }
            }
        }
    }

    /// Gives back the slots of executions that have ended without saying so, and starts those that were never started.
    ///
    /// # Errors
    /// Those of the table and of Step Functions.
    pub async fn free(&self) -> Result<u32, Failure> {
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

    async fn start_or_queue(&self, ticket: &Ticket) -> Result<(), Failure> {
        let started = self.start(ticket).await;
        if started.is_err() {
            // Best effort: where this fails too, the reaper finds a slot whose execution was never started.
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
                tracing::info!(execution = %ticket.execution, "known already");
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
