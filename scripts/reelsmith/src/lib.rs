//! The operator's command: runs the local stack, deploys to it the binaries and the state machine that also go to AWS,
//! starts and follows jobs, and fetches what they publish.
//!
//! - [`cli`]: the syntax of the command line. [`commands`]: one module for each command.
//! - [`job`]: connecting to a deployment, finding a job, delivering, fetching, and how executions end.
//! - [`stack`]: the local stack and what is deployed to it. The tests of the workspace use it too.
//! - [`view`]: text, progress and the local web pages.
//!
//! Imports go from `cli` to `commands` to `view`, `job` and `stack`.

#![allow(
    clippy::disallowed_methods,
    reason = "an operator's command reads the environment and starts tools"
)]

pub mod cli;
pub mod commands;
pub mod error;
pub mod job;
pub mod project;
pub mod stack;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixtures of tests")]
mod testing;
pub mod view;

pub use error::{CliError, Exit};
pub use project::Project;
