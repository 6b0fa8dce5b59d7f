//! One suite per port, for the fake and for the real adapter.
//!
//! The problem: unit tests run over fakes, and a fake that differs from AWS proves nothing. The idea: everything that the
//! documentation of a port promises is asserted here, once, as an async function over the trait. A suite panics if the port
//! breaks a promise. To change the behaviour of a port, change its documentation in `reelsmith_core::ports` and its suite
//! first, then the fake and the adapter.
//!
//! A suite chooses its own keys, and the same ones in every run, so buckets, table and state machine must be empty. Suites
//! with races run many tasks at once and assert what must hold for every order of events.
//!
//! ```no_run
//! # async fn example() {
//! let store = std::sync::Arc::new(reelsmith_testkit::fakes::MemorySubmissions::default());
//! reelsmith_testkit::suites::submissions(store).await;
//! # }
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a suite is a test"
)]

mod admissions;
mod announcer;
mod encodes;
mod object_store;
mod submissions;
mod workflow;

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;

use reelsmith_core::ports::{PortErrorKind, PortResult};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

pub use admissions::admissions;
pub use announcer::announcer;
pub use encodes::encode_service;
pub use object_store::object_store;
pub use submissions::submissions;
pub use workflow::workflow;

/// Runs `n` tasks that start at the same time. The results are in no particular order.
async fn race<T, F>(n: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(Barrier::new(n));
    let mut tasks = JoinSet::new();
    for i in 0..n {
        let (start, work) = (Arc::clone(&start), task(i));
        tasks.spawn(async move {
            start.wait().await;
            work.await
        });
    }
    tasks.join_all().await
}

/// The kind of the error; the suite fails if the call succeeded.
#[track_caller]
fn refused<T: Debug>(result: PortResult<T>) -> PortErrorKind {
    let error = result.expect_err("expected an error");
    assert!(!error.detail().is_empty(), "an error without detail");
    error.kind()
}
