//! Fault injection for any port: calls fail, hang, come late, or succeed and lose their answer.

mod ports;

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reelsmith_core::ports::{PortError, PortErrorKind, PortResult};

/// A method of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    Head,
    Get,
    GetRange,
    Put,
    PutFile,
    List,
    Delete,
    Row,
    Apply,
    Enqueue,
    Pending,
    MarkSent,
    RowsIn,
    Unsent,
    Join,
    Line,
    Admit,
    Release,
    Holding,
    Start,
    HasEnded,
    HasTimedOut,
    Announce,
    CreateEncode,
    FindEncodes,
    LookEncode,
    CancelEncode,
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It fails without any effect.
    Fail(PortErrorKind),
    /// It takes effect and then reports a failure, as if the answer was lost.
    LoseAnswer(PortErrorKind),
    /// It takes effect later.
    Delay(Duration),
    /// It never returns and has no effect, as if the process crashed.
    Hang,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fail(kind) => write!(f, "failed with {kind:?}"),
            Self::LoseAnswer(kind) => write!(f, "done, but reported as {kind:?}"),
            Self::Delay(by) => write!(f, "delayed by {} ms", by.as_millis()),
            Self::Hang => f.write_str("never answered"),
        }
    }
}

#[derive(Debug)]
struct Planned {
    /// The method whose calls count; `None` for all.
    call: Option<Call>,
    /// The number of the call, from 1.
    nth: u32,
    effect: Effect,
}

#[derive(Debug, Default)]
struct State {
    planned: Vec<Planned>,
    random: Option<Chance>,
    calls: Vec<Call>,
    log: Vec<String>,
}

#[derive(Debug)]
struct Chance {
    source: Random,
    per_mille: u32,
    effects: Vec<Effect>,
}

/// A script of faults. The wrappers of all ports of a run share it, so that calls are counted over all of them.
#[derive(Debug, Default)]
pub struct Faults {
    state: Mutex<State>,
}

impl Faults {
    /// A script without faults.
    #[must_use]
    pub fn none() -> Arc<Self> {
        Arc::default()
    }

    /// Random faults: about `per_mille` of a thousand calls get one of `effects`. Equal seeds and equal sequences of calls
    /// give equal faults.
    #[must_use]
    pub fn seeded(seed: u64, per_mille: u32, effects: &[Effect]) -> Arc<Self> {
        let faults = Self::default();
        faults.state().random = (!effects.is_empty()).then(|| Chance {
            source: Random::new(seed),
            per_mille,
            effects: effects.to_vec(),
        });
        Arc::new(faults)
    }

    /// Plans an effect for the n-th call from the beginning, counted from 1 over all methods.
    pub fn at(&self, nth: u32, effect: Effect) {
        self.plan(None, nth, effect);
    }

    /// Plans an effect for the n-th call of one method from the beginning, counted from 1.
    pub fn at_call(&self, call: Call, nth: u32, effect: Effect) {
        self.plan(Some(call), nth, effect);
    }

    /// All calls so far, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// The faults that happened, in order, for the message of a test that failed.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.state().log.clone()
    }

    fn plan(&self, call: Option<Call>, nth: u32, effect: Effect) {
        self.state().planned.push(Planned { call, nth, effect });
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call and returns its effect, if it has one.
    fn next(&self, call: Call) -> Option<Effect> {
        let mut state = self.state();
        state.calls.push(call);
        let all = state.calls.len();
        let same = state.calls.iter().filter(|c| **c == call).count();
        let hit = |plan: &Planned| {
            let count = match plan.call {
                None => all,
                Some(wanted) if wanted == call => same,
                Some(_) => return false,
            };
            u32::try_from(count) == Ok(plan.nth)
        };
        let effect = state
            .planned
            .iter()
            .find(|plan| hit(plan))
            .map(|plan| plan.effect)
            .or_else(|| state.random.as_mut()?.draw());
        if let Some(effect) = effect {
            state
                .log
                .push(format!("call {all} ({call:?} {same}): {effect}"));
        }
        effect
    }

    async fn run<T>(
        &self,
        call: Call,
        work: impl Future<Output = PortResult<T>> + Send,
    ) -> PortResult<T> {
        let fault = |kind| {
            let what = self.state().log.last().cloned().unwrap_or_default();
            Err(PortError::new(kind, format!("injected fault: {what}")))
        };
        match self.next(call) {
            None => work.await,
            Some(Effect::Fail(kind)) => fault(kind),
            Some(Effect::LoseAnswer(kind)) => {
                // The result is lost.
                let _lost = work.await;
                fault(kind)
            }
            Some(Effect::Delay(by)) => {
                tokio::time::sleep(by).await;
                work.await
            }
            Some(Effect::Hang) => std::future::pending().await,
        }
    }
}

impl Chance {
    fn draw(&mut self) -> Option<Effect> {
        // Both numbers are drawn every time, so that a hit does not depend on earlier hits.
        let hit = self.source.below(1_000) < u64::from(self.per_mille);
        let which = self.source.below(self.effects.len() as u64);
        hit.then(|| self.effects[which as usize])
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014). Its sequence does not change with the version of a library.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 0 up to, but not including, `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit.max(1)
    }
}

/// A port whose calls go through a script of faults.
#[derive(Debug)]
pub struct Faulty<P: ?Sized> {
    inner: Arc<P>,
    faults: Arc<Faults>,
}

/// An object store with faults.
pub type FaultyStore<P = dyn reelsmith_core::ports::ObjectStore> = Faulty<P>;
/// A submission store with faults.
pub type FaultySubmissions<P = dyn reelsmith_core::ports::SubmissionStore> = Faulty<P>;

impl<P: ?Sized> Faulty<P> {
    /// Wraps a port.
    #[must_use]
    pub fn new(inner: Arc<P>, faults: Arc<Faults>) -> Self {
        Self { inner, faults }
    }
}
