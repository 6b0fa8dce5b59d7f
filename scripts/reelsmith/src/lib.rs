//! The operator's command: runs the local stack, deploys the same binaries and the same state machine that go to AWS,
//! starts jobs, follows them and fetches what they published.
//!
//! [`stack`] starts the AWS emulator; [`deploy`] creates every resource that `terraform/resources.yaml` and
//! `functions/*/function.yaml` describe; [`run`] is a job from the manifest to the outputs on disk. The tests build on
//! the same modules.

pub mod cancel;
pub mod cli;
pub mod console;
pub mod deliver;
pub mod deploy;
pub mod doctor;
pub mod estimate;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a fake for tests")]
mod fake;
pub mod fetch;
pub mod follow;
pub mod list;
pub mod logs;
pub mod manifest;
pub mod operations;
pub mod outcome;
pub mod package;
pub mod play;
pub mod project;
pub mod render;
pub mod report;
pub mod resources;
pub mod rules;
pub mod run;
pub mod sample;
pub mod settings;
pub mod show;
pub mod sign;
pub mod simulate;
pub mod stack;
pub mod subject;
pub mod target;
pub mod text;
pub mod timeline;
pub mod trouble;
pub mod validate;
pub mod web;
pub mod workers;

pub use project::Project;
pub use trouble::{Exit, Trouble};
