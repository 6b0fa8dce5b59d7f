//! Creates what Terraform creates, for the local stack: every call makes a resource or brings it to what is asked, so
//! that a second run changes nothing.
//!
//! The `*Spec` structs are the shapes of `terraform/resources.yaml`; names are full names by the time they get here.

mod cloud;
mod function;
mod messaging;
mod storage;
mod table;
mod workflow;

pub use cloud::{Cloud, CloudError};
pub(crate) use cloud::{CloudResult, Doing};
pub use function::{FunctionSpec, Provisioned, code_digest};
pub use messaging::QueueSpec;
pub use storage::ManifestEvents;
pub use table::{IndexSpec, KeyKind, KeySpec, TableSpec};
pub use workflow::WorkflowSpec;
