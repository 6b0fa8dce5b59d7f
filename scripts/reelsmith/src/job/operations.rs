//! What the commands read and do in a deployment. A trait, so that tests use a deployment in memory.

use std::path::Path;

use async_trait::async_trait;
use reelsmith_aws::operate::{
    Cloud, CloudError, Downloaded, ExecutionSummary, ExecutionView, HistoryEvent, LogLine,
    LogQuery, MapRun, Redriven, RowsOf, Tally,
};
use reelsmith_core::submission::Row;

use crate::stack::PLACE;

pub type CallResult<T> = Result<T, CloudError>;

/// The operator's calls. Objects and the submission table are used through the ports of core.
#[async_trait]
pub trait Operations: Send + Sync {
    /// The newest `limit` executions of a state machine, newest first.
    async fn executions(&self, machine: &str, limit: usize) -> CallResult<Vec<ExecutionSummary>>;
    /// An execution; `None` if it does not exist (yet).
    async fn execution(&self, arn: &str) -> CallResult<Option<ExecutionView>>;
    /// Events of an execution after the event with the id `after`, oldest first.
    async fn history(&self, arn: &str, after: i64) -> CallResult<Vec<HistoryEvent>>;
    /// Length of an execution's history.
    async fn tally(&self, arn: &str) -> CallResult<Tally>;
    /// The deployed definition of a state machine.
    async fn definition(&self, machine: &str) -> CallResult<String>;
    async fn map_runs(&self, arn: &str) -> CallResult<Vec<MapRun>>;
    /// Starts a new execution with the input of one that has ended, and returns its ARN.
    async fn start_again(&self, view: &ExecutionView) -> CallResult<String>;
    /// Resumes an execution that ended without success, or starts another one with its input.
    async fn redrive(&self, arn: &str) -> CallResult<Redriven>;
    async fn stop(&self, arn: &str, cause: &str) -> CallResult<()>;
    /// The newest `limit` rows of the submission table, newest first.
    async fn rows(&self, table: &str, of: &RowsOf, limit: usize) -> CallResult<Vec<Row>>;
    /// Lines of a log, oldest first; none if the log does not exist.
    async fn log_lines(&self, query: &LogQuery) -> CallResult<Vec<LogLine>>;
    /// Numbers of waiting and of received messages; `None` if the queue does not exist.
    async fn queue_depth(&self, queue: &str) -> CallResult<Option<(u64, u64)>>;
    /// Uploads a file and returns its version id if the bucket is versioned. An interrupted upload continues.
    async fn upload(&self, bucket: &str, key: &str, file: &Path) -> CallResult<Option<String>>;
    /// Makes an object of the file with this name in the folder from which the local stack takes files. Returns its
    /// version id if the bucket is versioned.
    async fn place(&self, bucket: &str, key: &str, name: &str) -> CallResult<Option<String>>;
    /// Whether an object has the bytes of a file, by the checksum that S3 stores.
    async fn has_bytes_of(&self, bucket: &str, key: &str, file: &Path) -> CallResult<bool>;
    async fn download(&self, bucket: &str, key: &str, file: &Path) -> CallResult<Downloaded>;
}

#[async_trait]
impl Operations for Cloud {
    async fn executions(&self, machine: &str, limit: usize) -> CallResult<Vec<ExecutionSummary>> {
        Self::executions(self, machine, limit).await
    }

    async fn execution(&self, arn: &str) -> CallResult<Option<ExecutionView>> {
        Self::execution(self, arn).await
    }

    async fn history(&self, arn: &str, after: i64) -> CallResult<Vec<HistoryEvent>> {
        Self::history(self, arn, after).await
    }

    async fn tally(&self, arn: &str) -> CallResult<Tally> {
        Self::tally(self, arn).await
    }

    async fn definition(&self, machine: &str) -> CallResult<String> {
        Self::definition(self, machine).await
    }

    async fn map_runs(&self, arn: &str) -> CallResult<Vec<MapRun>> {
        Self::map_runs(self, arn).await
    }

    async fn start_again(&self, view: &ExecutionView) -> CallResult<String> {
        Self::start_again(self, view).await
    }

    async fn redrive(&self, arn: &str) -> CallResult<Redriven> {
        Self::redrive(self, arn).await
    }

    async fn stop(&self, arn: &str, cause: &str) -> CallResult<()> {
        self.stop_execution(arn, cause).await
    }

    async fn rows(&self, table: &str, of: &RowsOf, limit: usize) -> CallResult<Vec<Row>> {
        Self::rows(self, table, of, limit).await
    }

    async fn log_lines(&self, query: &LogQuery) -> CallResult<Vec<LogLine>> {
        Self::log_lines(self, query).await
    }

    async fn queue_depth(&self, queue: &str) -> CallResult<Option<(u64, u64)>> {
        match self.queue_url(queue).await? {
            Some(url) => Self::queue_depth(self, &url).await.map(Some),
            None => Ok(None),
        }
    }

    async fn upload(&self, bucket: &str, key: &str, file: &Path) -> CallResult<Option<String>> {
        Self::upload(self, bucket, key, file).await
    }

    async fn place(&self, bucket: &str, key: &str, name: &str) -> CallResult<Option<String>> {
        let header = (PLACE, name.to_owned());
        Self::place(self, (bucket, key), header).await
    }

    async fn has_bytes_of(&self, bucket: &str, key: &str, file: &Path) -> CallResult<bool> {
        Self::has_bytes_of(self, bucket, key, file).await
    }

    async fn download(&self, bucket: &str, key: &str, file: &Path) -> CallResult<Downloaded> {
        Self::download(self, bucket, key, file).await
    }
}
