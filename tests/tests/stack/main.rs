//! Tests against the local stack and real ffmpeg. Each module says which parts of the product it runs.
//!
//! Tests of one program share deployed stacks (see `reelsmith_tests::world`), so that a stack starts once for each set of
//! settings instead of once for each test.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a helper of a test fails the test"
)]

mod drift;
mod grants;
mod hostile;
mod jobs;
mod mediaconvert;
mod ports;
mod statemachine_paths;
