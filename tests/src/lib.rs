//! What the end-to-end suites share: a deployed local stack, deliveries made by ffmpeg, and the ways to watch a job.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of a test fails the test"
)]

pub mod asl;
pub mod chaos;
pub mod delivery;
pub mod figures;
pub mod hostile;
pub mod media;
pub mod world;
