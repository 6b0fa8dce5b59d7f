//! Creates for the local stack what Terraform creates in AWS. Every call creates a resource or updates it to its spec, so
//! that a second run changes nothing.
//!
//! The `*Spec` structs have the shapes of `terraform/resources.yaml`, with full names.

mod function;
mod messaging;
mod storage;
mod table;
mod workflow;

pub use crate::cloud::{Cloud, CloudError};
pub use function::{FunctionSpec, Provisioned, code_digest};
pub use messaging::QueueSpec;
pub use storage::ManifestEvents;
pub use table::{IndexSpec, KeyKind, KeySpec, TableSpec};
pub use workflow::WorkflowSpec;
