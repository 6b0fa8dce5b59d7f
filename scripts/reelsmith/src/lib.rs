//! The operator's command: runs the local stack, deploys the same binaries and the same state machine that go to AWS,
//! starts jobs, follows them and fetches what they published.
//!
//! [`stack`] starts the AWS emulator; [`stack::deploy`] creates every resource that `terraform/resources.yaml` and
//! `functions/*/function.yaml` describe; [`commands::run`] is a job from the manifest to the outputs on disk. The tests build on
//! the same modules.

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
pub mod view;

pub use error::{Exit, Trouble};
pub use project::Project;
