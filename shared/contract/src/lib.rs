//! What the states, the functions, Terraform and the local stack agree on.
//!
//! [`error`]: the stable names that the ASL retries and catches by. [`payload`]: what goes in and out of each state.
//! [`naming`]: names that several derive alike. [`setting`]: the environment names. [`step`]: the list of functions.

pub mod error;
pub mod naming;
pub mod notice;
pub mod objects;
pub mod payload;
pub mod setting;
pub mod step;

pub use error::{ErrorName, Failure, PortResultExt};
pub use objects::Objects;
