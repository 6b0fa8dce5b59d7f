//! A job of a deployment: connecting, selecting the job, delivering, following its outcome and fetching its outputs.

pub mod deliver;
pub mod fetch;
pub mod operations;
pub mod outcome;
pub mod subject;
pub mod target;
pub mod workers;
