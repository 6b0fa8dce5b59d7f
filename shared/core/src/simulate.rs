//! What a fleet would do: a seeded model of titles on workers, for `reelsmith simulate`.
//!
//! Modelled are arrival, the way through the states, the Map's dispatch, the creation of execution environments, cold
//! starts, unequal pieces, stragglers, failures with one retry, and the hold of the account's concurrency. How long a piece
//! takes comes from the measured figures of [`crate::cost::Work`]; limits and what nobody here could measure from
//! `platform.yaml`, each marked as published or assumed. Equal seeds give equal answers.

mod bucket;
mod fleet;
mod platform;
mod random;

pub use fleet::{Children, Fleet, Outcome, Stages, simulate};
pub use platform::{Figure, Platform, Standing};

#[cfg(test)]
mod tests;
