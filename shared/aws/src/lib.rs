//! The ports of `reelsmith-core` over AWS: the only crate that imports the SDK.

pub mod operate;
pub mod provision;
