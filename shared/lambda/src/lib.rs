//! The runtime glue of every function: settings from the environment, structured logs, AWS clients behind the ports, named
//! errors. This is the only crate that reads the environment.
//!
//! ```text
//! #[tokio::main]
//! async fn main() -> Result<(), StartError> {
//!     serve(|clients| Ok(Ports { outputs: clients.outputs()? }), handle).await
//! }
//! ```

mod clients;
mod logs;
mod serve;

pub use clients::Clients;
pub use serve::{StartError, serve};
