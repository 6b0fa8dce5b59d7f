//! Jobs, tokens and faults.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reelsmith_core::time::UnixMillis;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

use crate::faults::Fault;
use crate::{Options, encode};

/// How long a token is remembered, in milliseconds.
const TOKEN: i64 = 60_000;
/// Jobs at work at once.
const SLOTS: usize = 1;

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It waits for its turn.
    Submitted,
    /// At work; percent.
    Progressing(u8),
    /// Its outputs are there.
    Complete,
    /// It failed: code and message.
    Error(i32, String),
    /// It was called off.
    Canceled,
}

impl Status {
    /// The name in the API.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Submitted => "SUBMITTED",
            Self::Progressing(_) => "PROGRESSING",
            Self::Complete => "COMPLETE",
            Self::Error(..) => "ERROR",
            Self::Canceled => "CANCELED",
        }
    }

    fn is_open(&self) -> bool {
        matches!(self, Self::Submitted | Self::Progressing(_))
    }
}

/// A job as a test sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobView {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub status: Status,
    /// When it was created.
    pub created: UnixMillis,
}

struct Job {
    id: String,
    created: UnixMillis,
    status: Status,
    request: Value,
    work: Option<AbortHandle>,
}

impl Job {
    /// As the API shows it: what was asked, and what became of it.
    fn shown(&self) -> Value {
        let mut shown = self.request.clone();
        shown["id"] = json!(self.id);
        shown["arn"] = json!(format!(
            "arn:aws:mediaconvert:us-east-1:000000000000:jobs/{}",
            self.id
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

/// Why a call is refused: status and error code of the API, and a message.
pub(crate) struct Refusal(pub(crate) u16, pub(crate) &'static str, pub(crate) String);

#[derive(Default)]
struct State {
    jobs: Vec<Job>,
    faults: VecDeque<Fault>,
    /// By how much this clock is ahead of the one that was given.
    ahead: u32,
}

/// Everything the stand-in knows.
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

    /// Takes the next fault if it is of the kind that could happen now.
    fn strike(&self, fits: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut state = self.state();
        let at = state.faults.iter().position(fits)?;
        state.faults.remove(at)
    }

    pub(crate) fn is_throttled(&self) -> bool {
        self.strike(|f| *f == Fault::Throttle).is_some()
    }

    /// Whether the answer of this call is to be lost; time passes then.
    pub(crate) fn loses_answer(&self) -> bool {
        let lost = self.strike(|f| matches!(f, Fault::LoseAnswer { .. }));
        if let Some(Fault::LoseAnswer { then_pass_seconds }) = lost {
            self.state().ahead += then_pass_seconds;
            return true;
        }
        false
    }

    /// Takes a job on, or gives the one that there is for its token.
    pub(crate) fn create(self: &Arc<Self>, request: Value) -> Result<Value, Refusal> {
        check(&request)?;
        let mut state = self.state();
        let now = self.options.clock.now().plus_seconds(state.ahead);
        let token = request["clientRequestToken"].as_str();
        let fresh = |job: &&Job| {
            let same = job.request["clientRequestToken"].as_str() == token;
            same && token.is_some() && now.0 - job.created.0 < TOKEN
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
        let failed = self.strike(|f| matches!(f, Fault::FailJob { .. }));
        if let Some(Fault::FailJob { code, message }) = failed {
            return self.set(&id, Status::Error(code, message));
        }
        if self.strike(|f| *f == Fault::HoldJob).is_some() {
            return std::future::pending().await;
        }
        let status = match encode::carry_out(&self.options, &settings, &percent).await {
            Ok(()) => Status::Complete,
            Err(why) => Status::Error(1999, why),
        };
        self.set(&id, status);
    }

    fn set(&self, id: &str, status: Status) {
        let mut state = self.state();
        let open = |job: &&mut Job| job.id == id && job.status.is_open();
        if let Some(job) = state.jobs.iter_mut().find(open) {
            job.status = status;
        }
    }

    pub(crate) fn show(&self, id: &str) -> Result<Value, Refusal> {
        let state = self.state();
        let job = state.jobs.iter().find(|job| job.id == id);
        job.map(Job::shown).ok_or_else(|| none(id))
    }

    pub(crate) fn cancel(&self, id: &str) -> Result<(), Refusal> {
        let mut state = self.state();
        let job = state.jobs.iter_mut().find(|job| job.id == id);
        let job = job.ok_or_else(|| none(id))?;
        if !job.status.is_open() {
            let message = format!("job {id} is {}", job.status.name());
            return Err(Refusal(409, "ConflictException", message));
        }
        job.status = Status::Canceled;
        if let Some(work) = job.work.take() {
            work.abort();
        }
        Ok(())
    }

    /// Jobs that a filter lets through, in the order of their creation.
    pub(crate) fn matching(&self, filter: impl Fn(&Value) -> bool) -> Vec<Value> {
        let state = self.state();
        let shown = state.jobs.iter().map(Job::shown);
        shown.filter(|job| filter(job)).collect()
    }

    pub(crate) fn views(&self) -> Vec<JobView> {
        let state = self.state();
        let view = |job: &Job| JobView {
            id: job.id.clone(),
            status: job.status.clone(),
            created: job.created,
        };
        state.jobs.iter().map(view).collect()
    }

    pub(crate) fn requests(&self) -> Vec<Value> {
        let state = self.state();
        state.jobs.iter().map(|job| job.request.clone()).collect()
    }

    /// Ends all work.
    pub(crate) fn end(&self) {
        for job in &mut self.state().jobs {
            if let Some(work) = job.work.take() {
                work.abort();
            }
        }
    }
}

fn none(id: &str) -> Refusal {
    Refusal(404, "NotFoundException", format!("no job {id}"))
}

/// What the service itself would refuse at once. Shapes and ranges are held against its API model elsewhere.
fn check(request: &Value) -> Result<(), Refusal> {
    let bad = |what: &str| Err(Refusal(400, "BadRequestException", what.to_owned()));
    if !request["role"].is_string() {
        return bad("/role: required");
    }
    let groups = request["settings"]["outputGroups"].as_array();
    let outputs = groups.and_then(|g| g.first()?["outputs"].as_array());
    if outputs.is_none_or(Vec::is_empty) {
        return bad("/settings/outputGroups/0/outputs: at least one output");
    }
    let token = request["clientRequestToken"].as_str().unwrap_or_default();
    if token.len() > 64 {
        return bad("/clientRequestToken: at most 64 characters");
    }
    Ok(())
}
