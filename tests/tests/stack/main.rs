//! Tests on the local stack with real ffmpeg. The doc comment of each module says which parts of the product it covers.
//!
//! The tests of a suite share one deployed stack (see `reelsmith_tests::world`), which the first of them starts.

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
