//! The calls that the command line makes: executions, histories, map runs, queues, logs, objects and rows. The results are
//! plain structs; no SDK type leaves this crate.

mod execution;
mod history;
mod redrive;
mod resources;

pub use execution::{ExecutionStatus, ExecutionSummary, ExecutionView, MapRun};
pub use history::{HistoryEvent, HistoryKind, Tally};
pub use redrive::{Redriven, name_again};
pub use resources::{Downloaded, LogLine, LogQuery, ReceivedMessage, RowsOf};

pub use crate::cloud::{Cloud, CloudError};
pub use crate::sfn::execution_arn;
