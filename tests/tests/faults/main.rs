//! Tests that make something fail, or make many things happen at once: duplicated and lost calls, killed workers, races, floods.
//!
//! A slice runs with `scripts/test`; `scripts/test --full` runs every row, schedule and flood.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a helper of a test fails the test"
)]

mod deliveries;
mod every_function;
mod exactly_once;
mod flood;
mod pipeline;
