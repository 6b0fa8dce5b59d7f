//! Faults between the functions and their services, on the local stack: a proxy that knows which function asks, and
//! what it must spoil, and when it must kill.

mod origin;
mod proxy;
mod rule;

pub use origin::{Worker, encoders_of, workers_of};
pub use proxy::{ChaosProxy, Seen};
pub use rule::{Effect, Rule, Service};
