//! The runtime glue of every function: settings from the environment, structured logs, AWS clients behind the ports, named
//! errors. The only crate that reads the environment.

mod clients;
mod serve;
mod settings;

pub use clients::Clients;
pub use serve::{StartError, serve};
pub use settings::Settings;
