//! What the end-to-end suites share: a deployed local stack, deliveries made by ffmpeg, and the ways to watch a job.

#![expect(
    clippy::expect_used,
    reason = "a harness ends the test where the world is not as it must be"
)]

pub mod chaos;
pub mod delivery;
pub mod figures;
pub mod hostile;
pub mod media;
pub mod world;
