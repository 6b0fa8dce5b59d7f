//! The ports of `reelsmith-core` over AWS: the only crate that imports the SDK.
//!
//! [`Sdk`] holds one shared configuration; every adapter is made from it. What an adapter gives back is in terms of
//! the ports: SDK types and SDK errors stay in here, and an SDK error becomes a
//! [`PortError`](reelsmith_core::ports::PortError) in exactly one place.

#[cfg(test)]
mod canned;
mod clock;
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

pub use clock::SystemClock;
pub use dynamodb::DynamoSubmissions;
pub use mediaconvert::MediaConvert;
pub use s3::S3Store;
pub use sdk::Sdk;
pub use sfn::StepFunctions;
pub use sns::SnsAnnouncer;
