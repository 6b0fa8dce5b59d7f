//! One module for each command, with its arguments and a function `run`.

pub mod cancel;
pub mod doctor;
pub mod estimate;
pub mod fetch;
pub mod list;
pub mod logs;
pub mod manifest;
pub mod report;
pub mod rules;
pub mod run;
pub mod show;
pub mod sign;
pub mod simulate;
pub mod status;
pub mod submit;
pub mod up;
pub mod validate;
pub mod watch;
