//! Tests of the code and the state machine as text: no emulator, no network, no media. They take seconds.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a helper of a test fails the test"
)]

mod architecture;
mod statemachine;
