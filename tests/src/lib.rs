//! What the end-to-end suites share: a deployed local stack, deliveries made by ffmpeg, and the ways to watch a job.

pub mod delivery;
pub mod media;
pub mod world;
