//! Faults between the functions and their services, on the local stack: a proxy that knows which function asks, and
//! what it must spoil, and when it must kill.

mod disk;
mod origin;
mod proxy;
mod rule;

pub use disk::SmallDisk;
pub use proxy::{ChaosProxy, Seen};
pub use rule::{Effect, Rule, Service};
