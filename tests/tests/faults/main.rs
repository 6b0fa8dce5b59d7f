//! Tests with faults and load: duplicated and lost calls, killed workers, races, floods.
//!
//! `scripts/test` runs a part of them; `scripts/test --full` runs every row, schedule and flood.

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
