//! MediaConvert in memory.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use reelsmith_core::encode::{EncodeJob, EncodeOrder, EncodeState, TOKEN_SECONDS};
use reelsmith_core::keys::JobKey;
use reelsmith_core::object::ObjectRef;
use reelsmith_core::ports::{Clock, EncodeService, PortError, PortErrorKind, PortResult};
use reelsmith_core::time::UnixMillis;

use super::locked;

#[derive(Clone, Debug)]
struct Taken {
    job: EncodeJob,
    token: String,
    input: ObjectRef,
}

/// Records jobs in the order of creation. Only a test changes their state.
pub struct MemoryEncodes {
    clock: Arc<dyn Clock>,
    jobs: Mutex<Vec<Taken>>,
}

impl MemoryEncodes {
    /// A service without jobs.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            jobs: Mutex::new(Vec::new()),
        }
    }

    /// Every job, oldest first.
    #[must_use]
    pub fn jobs(&self) -> Vec<EncodeJob> {
        locked(&self.jobs).iter().map(|t| t.job.clone()).collect()
    }

    /// A second service with the same jobs.
    #[must_use]
    pub fn twin(&self) -> Self {
        Self {
            clock: Arc::clone(&self.clock),
            jobs: Mutex::new(locked(&self.jobs).clone()),
        }
    }

    /// Forgets the tokens of all jobs, as the service does after a minute.
    pub fn forget_tokens(&self) {
        for taken in locked(&self.jobs).iter_mut() {
            taken.token.clear();
        }
    }

    /// Sets the state of a job.
    pub fn set(&self, id: &str, state: EncodeState) {
        if let Some(taken) = locked(&self.jobs).iter_mut().find(|t| t.job.id == id) {
            taken.job.state = state;
        }
    }
}

#[async_trait]
impl EncodeService for MemoryEncodes {
    async fn create(&self, order: &EncodeOrder) -> PortResult<EncodeJob> {
        let (now, token) = (self.clock.now(), order.tag.token());
        if order.video.is_empty() {
            let detail = "expected an output, found none";
            return Err(PortError::new(PortErrorKind::Invalid, detail));
        }
        let mut jobs = locked(&self.jobs);
        let fresh =
            |t: &&Taken| t.token == token && now < t.job.created.plus_seconds(TOKEN_SECONDS);
        if let Some(taken) = jobs.iter().find(fresh) {
            return Ok(taken.job.clone());
        }
        let job = EncodeJob {
            id: format!("{}-fake", jobs.len() + 1),
            tag: order.tag.clone(),
            state: EncodeState::Waiting,
            created: UnixMillis(now.0 / 1_000 * 1_000),
        };
        jobs.push(Taken {
            job: job.clone(),
            token,
            input: order.input.clone(),
        });
        Ok(job)
    }

    async fn find(
        &self,
        input: &ObjectRef,
        job_key: &JobKey,
        since: UnixMillis,
    ) -> PortResult<Vec<EncodeJob>> {
        let jobs = locked(&self.jobs);
        let found = jobs
            .iter()
            .rev()
            .filter(|t| t.input == *input && t.job.tag.job_key == *job_key)
            .filter(|t| t.job.created >= since);
        Ok(found.map(|t| t.job.clone()).collect())
    }

    async fn job(&self, id: &str) -> PortResult<EncodeJob> {
        let found = self.jobs().into_iter().find(|job| job.id == id);
        found.ok_or_else(|| none(id))
    }

    async fn cancel(&self, id: &str) -> PortResult<()> {
        let mut jobs = locked(&self.jobs);
        let taken = jobs.iter_mut().find(|t| t.job.id == id);
        let taken = taken.ok_or_else(|| none(id))?;
        if taken.job.state.is_open() {
            taken.job.state = EncodeState::Cancelled;
        }
        Ok(())
    }
}

fn none(id: &str) -> PortError {
    PortError::new(PortErrorKind::NotFound, format!("no job {id}"))
}
