//! Jobs, tokens and faults.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reelsmith_core::encode::TOKEN_SECONDS;
use reelsmith_core::time::UnixMillis;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

use crate::api::{Answer, Refusal};
use crate::{Options, encode};

/// Jobs that are encoded at once.
const SLOTS: usize = 1;

/// A failure that happens once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// The next CreateJob is accepted and its answer lost. The stand-in's clock then jumps ahead: after more than 60 seconds
    /// the client token is forgotten.
    LoseAnswer { then_pass_seconds: u32 },
    /// The next request of any kind is answered with status 429.
    Throttle,
    /// The next job to begin stays PROGRESSING until it is cancelled.
    HoldJob,
    /// The next job to begin ends with the service's error code, for example 1404.
    FailJob { code: i32, message: String },
}

#[derive(Clone, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    Submitted,
    /// Percent that is done.
    Progressing(u8),
    Complete,
    /// Error code and message.
    Error(i32, String),
    Canceled,
}

impl Status {
    /// Its name in the API.
    pub fn name(&self) -> &'static str {
        self.into()
    }

    fn is_open(&self) -> bool {
        matches!(self, Self::Submitted | Self::Progressing(_))
    }
}

/// A job and its CreateJob request.
#[derive(Clone, Debug)]
pub struct Job {
    pub id: String,
    pub status: Status,
    pub created: UnixMillis,
    pub request: Value,
    work: Option<AbortHandle>,
}

impl Job {
    /// The job as the API shows it: the request and its results.
    pub(crate) fn shown(&self) -> Value {
        let mut shown = self.request.clone();
        let id = &self.id;
        shown["id"] = json!(id);
        shown["arn"] = json!(format!(
            "arn:aws:mediaconvert:us-east-1:000000000000:jobs/{id}"
        ));
        shown["createdAt"] = json!(self.created.0 / 1_000);
        shown["status"] = json!(self.status.name());
        match &self.status {
            Status::Progressing(percent) => shown["jobPercentComplete"] = json!(percent),
            Status::Complete => shown["jobPercentComplete"] = json!(100),
            Status::Error(code, message) => {
                shown["errorCode"] = json!(code);
                shown["errorMessage"] = json!(message);
            }
            _ => {}
        }
        shown
    }
}

#[derive(Default)]
struct State {
    jobs: Vec<Job>,
    faults: VecDeque<Fault>,
    /// Seconds that this clock is ahead of the given one.
    ahead: u32,
}

/// The jobs of the stand-in, and the faults to come.
pub(crate) struct Jobs {
    options: Options,
    slots: Semaphore,
    state: Mutex<State>,
}

impl Jobs {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            options,
            slots: Semaphore::new(SLOTS),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn inject(&self, fault: Fault) {
        self.state().faults.push_back(fault);
    }

    /// Takes the next fault that fits.
    pub(crate) fn take_fault(&self, fits: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut state = self.state();
        let at = state.faults.iter().position(fits)?;
        state.faults.remove(at)
    }

    /// Whether the answer of this call is to be lost. If so, the clock jumps ahead.
    pub(crate) fn loses_answer(&self) -> bool {
        let lost = self.take_fault(|f| matches!(f, Fault::LoseAnswer { .. }));
        if let Some(Fault::LoseAnswer { then_pass_seconds }) = lost {
            self.state().ahead += then_pass_seconds;
            return true;
        }
        false
    }

    /// Accepts a job, or returns the one with the same client token.
    pub(crate) fn create(self: &Arc<Self>, request: Value) -> Answer<Value> {
        check(&request)?;
        let mut state = self.state();
        let now = self.options.clock.now().plus_seconds(state.ahead);
        let token = request["clientRequestToken"].as_str();
        let fresh = |job: &&Job| {
            let same = job.request["clientRequestToken"].as_str() == token;
            same && token.is_some() && now < job.created.plus_seconds(TOKEN_SECONDS)
        };
        if let Some(job) = state.jobs.iter().find(fresh) {
            return Ok(job.shown());
        }
        let id = format!("{}-{:06x}", now.0, state.jobs.len() + 1);
        let mut job = Job {
            id: id.clone(),
            created: now,
            status: Status::Submitted,
            request,
            work: None,
        };
        if self.options.tools.is_some() {
            let work = tokio::spawn(Arc::clone(self).work(id, job.request["settings"].clone()));
            job.work = Some(work.abort_handle());
        }
        let shown = job.shown();
        state.jobs.push(job);
        Ok(shown)
    }

    async fn work(self: Arc<Self>, id: String, settings: Value) {
        let Ok(_slot) = self.slots.acquire().await else {
            return;
        };
        let percent = |percent| self.set(&id, Status::Progressing(percent));
        percent(0);
        let failed = self.take_fault(|f| matches!(f, Fault::FailJob { .. }));
        if let Some(Fault::FailJob { code, message }) = failed {
            return self.set(&id, Status::Error(code, message));
        }
        if self.take_fault(|f| *f == Fault::HoldJob).is_some() {
            return std::future::pending().await;
        }
        let status = match encode::encode(&self.options, &settings, &percent).await {
            Ok(()) => Status::Complete,
            Err(error) => Status::Error(1999, error.to_string()),
        };
        self.set(&id, status);
    }

    fn set(&self, id: &str, status: Status) {
        let _ = self.with_job(id, |job| {
            if job.status.is_open() {
                job.status = status;
            }
            Ok(())
        });
    }

    fn with_job<T>(&self, id: &str, act: impl FnOnce(&mut Job) -> Answer<T>) -> Answer<T> {
        let mut state = self.state();
        let job = state.jobs.iter_mut().find(|job| job.id == id);
        let missing = || Refusal(404, "NotFoundException", format!("no job {id}"));
        act(job.ok_or_else(missing)?)
    }

    pub(crate) fn show(&self, id: &str) -> Answer<Value> {
        self.with_job(id, |job| Ok(job.shown()))
    }

    pub(crate) fn cancel(&self, id: &str) -> Answer<()> {
        self.with_job(id, |job| {
            if !job.status.is_open() {
                let message = format!("job {id} is {}", job.status.name());
                return Err(Refusal(409, "ConflictException", message));
            }
            job.status = Status::Canceled;
            job.work.iter().for_each(AbortHandle::abort);
            Ok(())
        })
    }

    /// Every job, in the order of their creation.
    pub(crate) fn all(&self) -> Vec<Job> {
        self.state().jobs.clone()
    }

    /// Ends all work.
    pub(crate) fn end(&self) {
        let jobs = &self.state().jobs;
        jobs.iter()
            .filter_map(|j| j.work.as_ref())
            .for_each(AbortHandle::abort);
    }
}

/// Refuses what the service would refuse at once. Tests compare shapes and ranges with its API model.
fn check(request: &Value) -> Answer<()> {
    let outputs = request["settings"]["outputGroups"][0]["outputs"].as_array();
    let token = request["clientRequestToken"].as_str().unwrap_or_default();
    let problem = if !request["role"].is_string() {
        "/role: required"
    } else if outputs.is_none_or(Vec::is_empty) {
        "/settings/outputGroups/0/outputs: at least one output"
    } else if token.len() > 64 {
        "/clientRequestToken: at most 64 characters"
    } else {
        return Ok(());
    };
    Err(Refusal(400, "BadRequestException", problem.to_owned()))
}
