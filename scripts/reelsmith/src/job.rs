//! Jobs of a deployment: connecting, finding a job, delivering its files, fetching its outputs, and its outcome.

pub mod connection;
pub mod deliver;
pub mod fetch;
pub mod location;
pub mod manifest;
pub mod operations;
pub mod outcome;
pub mod parallelism;
pub mod resolve;
