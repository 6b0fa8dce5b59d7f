//! What the states, the functions, Terraform and the local stack agree on.
//!
//! - [`error`]: the error names that the ASL retries, and the conversion of port errors.
//! - [`payload`]: the input and output of each state.
//! - [`objects`]: the JSON objects by which states pass data.
//! - [`naming`]: names that several functions must derive in the same way.
//! - [`setting`]: the environment of the functions.
//! - [`step`]: the list of functions.

pub mod error;
pub mod naming;
pub mod notice;
pub mod objects;
pub mod payload;
pub mod setting;
pub mod step;

pub use error::{ErrorName, Failure, PortResultExt};
pub use objects::Objects;
