//! One behaviour suite per port: every promise its documentation makes, asserted.
//!
//! A suite is an async function over a port; it panics where a promise is broken. Buckets, table and state machine must
//! be fresh: a suite chooses its own keys, but the same ones every time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a suite is a test: a broken promise must fail it"
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

/// Runs `n` tasks that all begin at once and gives back what came of them, in no order.
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

/// The kind of an error; a call that succeeded fails the suite.
#[track_caller]
fn refused<T: Debug>(result: PortResult<T>) -> PortErrorKind {
    let error = result.expect_err("expected an error");
    assert!(!error.detail().is_empty(), "an error without detail");
    error.kind()
}
