//! The services of a job, over the ports of `reelsmith-core`. The functions, the operator's command and the tests share them.
//!
//! This crate has no Lambda runtime and no AWS SDK, and reads no environment: the caller builds the ports and passes them in.
//!
//! | module | service |
//! |---|---|
//! | [`settings`] | typed settings, and the job that a manifest and the defaults make |
//! | [`admission`] | the line of waiting manifests and the slots for running executions |
//! | [`submission`] | the row of a job, who holds it, and the messages in its outbox |
//! | [`cost`] | the cost cap |
//! | [`arrival`] | finding the files of a manifest, and how long a job waits for them |
//! | [`inspection`] | probing the mezzanine and comparing it with the manifest |
//! | [`planning`] | indexing the mezzanine and planning the job |
//! | [`checksums`] | whether the mezzanine is the file that the manifest describes |
//! | [`captions`] | reading the caption files of a manifest |
//! | [`damage`] | the limit of damaged pictures |
//! | [`worker`] | doing each unit of work once, and recording it |
//! | [`proof`] | measuring an output and collecting the evidence about it |
//! | [`publication`] | the pointer to the published outputs of a title |
//! | [`cleanup`] | deleting what a job needs only while it runs |
//! | [`records`] | reading the JSON objects of a job |
//! | [`metrics`] | CloudWatch metrics as log lines |

pub mod admission;
pub mod arrival;
pub mod captions;
pub mod checksums;
pub mod cleanup;
pub mod cost;
pub mod damage;
pub mod inspection;
mod invocation;
pub mod metrics;
pub mod planning;
pub mod proof;
pub mod publication;
pub mod records;
pub mod settings;
pub mod submission;
pub mod worker;

pub use invocation::{DeployedFunction, Invocation};
pub use settings::Settings;
