//! The adapters of the ports of `reelsmith-core` over AWS. This is the only crate that imports the SDK.
//!
//! [`Sdk`] holds one configuration, from which every adapter is made. No SDK type leaves this crate, and an SDK error becomes
//! a [`PortError`](reelsmith_core::ports::PortError) in one place, `error.rs`. With the feature `operator`, the crate also
//! contains what the command line needs: `provision` creates the resources of the local stack, and `operate` reads
//! executions, queues, logs and rows.

mod clock;
#[cfg(feature = "operator")]
mod cloud;
mod dynamodb;
mod error;
mod mediaconvert;
#[cfg(feature = "operator")]
pub mod operate;
#[cfg(feature = "operator")]
pub mod provision;
mod s3;
mod sdk;
mod sfn;
mod sns;
#[cfg(test)]
mod testing;

pub use clock::SystemClock;
pub use dynamodb::DynamoSubmissions;
pub use mediaconvert::MediaConvert;
pub use s3::S3Store;
pub use sdk::Sdk;
pub use sfn::StepFunctions;
pub use sns::SnsAnnouncer;
