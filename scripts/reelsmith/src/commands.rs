//! One module for each command.

pub mod cancel;
pub mod doctor;
pub mod estimate;
pub mod list;
pub mod logs;
pub mod manifest;
pub mod report;
pub mod rules;
pub mod run;
pub mod show;
pub mod sign;
pub mod simulate;
pub mod validate;
