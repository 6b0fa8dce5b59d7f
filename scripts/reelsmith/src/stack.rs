//! The local AWS: MiniStack, started in a session of its own so that everything it starts can be ended with it.
//!
//! [`up`] starts the one that stays and is written down in `.local/stack.json`; [`Stack::ephemeral`] is for tests: its own
//! port, its own folder, gone when it is dropped and also when its owner dies.

pub mod deploy;
mod ephemeral;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a fake for tests")]
pub(crate) mod fake;
mod health;
mod launch;
pub mod package;
mod persistent;
mod processes;
pub mod render;
pub mod resources;
pub mod sample;
pub mod settings;

pub use ephemeral::{Memory, Stack};
pub use persistent::{Beside, StackState, down, lock, running, up};

/// The region a local stack says it is.
pub const REGION: &str = "us-east-1";

/// The endpoint of a port.
#[must_use]
pub fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}
