//! Faults between the functions and AWS on the local stack: a proxy that knows which function calls, which requests to
//! fail, and when to kill the function.

mod disk;
mod origin;
mod proxy;
mod rule;

pub use disk::SmallDisk;
pub use proxy::{ChaosProxy, Seen};
pub use rule::{Effect, Rule, Service};
