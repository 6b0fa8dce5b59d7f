//! The services of a job over the ports of `reelsmith-core`. The Lambda functions, the operator's command and the tests share
//! them.
//!
//! This crate has no Lambda runtime, no AWS SDK, and reads no environment: a caller builds the ports and passes them in.
//!
//! | module | service |
//! |---|---|
//! | [`admission`] | the line of manifests and the slots for running jobs |
//! | [`submission`] | steps of a job's row by the execution that holds it |
//! | [`checksums`] | whether the mezzanine is the file that the manifest describes |
//! | [`worker`] | what the workers inside the Maps share: write once, record once, note failures |
//! | [`proof`] | measuring an output and collecting the evidence that the conformance rules judge |
//! | [`publication`] | the pointer to what is published of a title |
//! | [`outbox`] | sending the messages of a job |
//! | [`cleanup`] | removing the files that a job only needs while it runs |
//! | [`metrics`] | CloudWatch metrics as log lines |

pub mod admission;
pub mod checksums;
pub mod cleanup;
mod invocation;
pub mod metrics;
pub mod outbox;
pub mod proof;
pub mod publication;
pub mod submission;
pub mod worker;

pub use invocation::Invocation;
