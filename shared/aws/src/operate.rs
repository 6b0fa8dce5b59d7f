//! What an operator reads and asks for: executions, histories, map runs, queues, versions. Plain structs; no SDK type
//! leaves this crate.

mod execution;
mod history;
mod invoke;
mod log;
mod object;
mod queue;
mod redrive;
mod row;

pub use execution::{ExecutionStatus, ExecutionSummary, ExecutionView, MapRun};
pub use history::{HistoryEvent, HistoryKind, Tally};
pub use log::{LogLine, LogQuery};
pub use object::Downloaded;
pub use queue::ReceivedMessage;
pub use redrive::Redriven;
pub use row::RowsOf;

pub use crate::provision::{Cloud, CloudError};
pub use crate::sfn::execution_arn;
