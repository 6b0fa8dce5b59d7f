//! The runtime glue of every function: settings from the environment, structured logs, named errors, and the parts that
//! several workers share. The only crate that reads the environment.

pub mod admission;
pub mod delivered;
mod house;
mod invocation;
pub mod measured;
pub mod metric;
pub mod outbox;
pub mod publication;
mod serve;
mod settings;
pub mod submission;
pub mod worker;
pub mod working;

pub use house::House;
pub use invocation::Invocation;
pub use serve::{StartError, serve};
pub use settings::Settings;
