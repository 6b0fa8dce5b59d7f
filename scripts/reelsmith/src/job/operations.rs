//! What the commands ask of a deployment, so that they are tested against one in memory too.

use std::path::Path;

use async_trait::async_trait;
use reelsmith_aws::operate::{
    Cloud, CloudError, Downloaded, ExecutionSummary, ExecutionView, HistoryEvent, LogLine,
    LogQuery, MapRun, Redriven, RowsOf, Tally,
};
use reelsmith_core::submission::Row;

/// Result of a question.
pub type Answer<T> = Result<T, CloudError>;

/// The operator's side of a deployment. Objects and the submission table are asked through the ports of core.
#[async_trait]
pub trait Operations: Send + Sync {
    /// The newest executions of a state machine, newest first, at most `limit`.
    async fn executions(&self, machine: &str, limit: usize) -> Answer<Vec<ExecutionSummary>>;
    /// An execution; `None` where there is none of that ARN (yet).
    async fn execution(&self, arn: &str) -> Answer<Option<ExecutionView>>;
    /// Events of an execution after a given one, oldest first.
    async fn history(&self, arn: &str, after: i64) -> Answer<Vec<HistoryEvent>>;
    /// How long the history of an execution is.
    async fn tally(&self, arn: &str) -> Answer<Tally>;
    /// The definition of a state machine as it is deployed.
    async fn definition(&self, machine: &str) -> Answer<String>;
    /// Map runs of an execution.
    async fn map_runs(&self, arn: &str) -> Answer<Vec<MapRun>>;
    /// Starts an execution under a name; its ARN, `None` where the name is taken.
    async fn start(&self, machine: &str, name: &str, input: &str) -> Answer<Option<String>>;
    /// Takes up an execution that ended without success: resumes it, or starts another with its input.
    async fn redrive(&self, arn: &str) -> Answer<Redriven>;
    /// Stops an execution that runs.
    async fn stop(&self, arn: &str, cause: &str) -> Answer<()>;
    /// Rows of the submission table, newest first, at most `limit`.
    async fn rows(&self, table: &str, of: &RowsOf, limit: usize) -> Answer<Vec<Row>>;
    /// Lines of a log, oldest first; none where there is no such log.
    async fn log_lines(&self, query: &LogQuery) -> Answer<Vec<LogLine>>;
    /// Messages that wait in a queue and that are being worked on; `None` where there is no such queue.
    async fn queue_depth(&self, queue: &str) -> Answer<Option<(u64, u64)>>;
    /// Uploads a file; the version id where the bucket is versioned.
    async fn upload(&self, bucket: &str, key: &str, file: &Path) -> Answer<Option<String>>;
    /// Downloads an object to a file.
    async fn download(&self, bucket: &str, key: &str, file: &Path) -> Answer<Downloaded>;
}

#[async_trait]
impl Operations for Cloud {
    async fn executions(&self, machine: &str, limit: usize) -> Answer<Vec<ExecutionSummary>> {
        Self::executions(self, machine, limit).await
    }

    async fn execution(&self, arn: &str) -> Answer<Option<ExecutionView>> {
        Self::execution(self, arn).await
    }

    async fn history(&self, arn: &str, after: i64) -> Answer<Vec<HistoryEvent>> {
        Self::history(self, arn, after).await
    }

    async fn tally(&self, arn: &str) -> Answer<Tally> {
        Self::tally(self, arn).await
    }

    async fn definition(&self, machine: &str) -> Answer<String> {
        Self::definition(self, machine).await
    }

    async fn map_runs(&self, arn: &str) -> Answer<Vec<MapRun>> {
        Self::map_runs(self, arn).await
    }

    async fn start(&self, machine: &str, name: &str, input: &str) -> Answer<Option<String>> {
        self.start_new(machine, name, input).await
    }

    async fn redrive(&self, arn: &str) -> Answer<Redriven> {
        Self::redrive(self, arn).await
    }

    async fn stop(&self, arn: &str, cause: &str) -> Answer<()> {
        self.stop_execution(arn, cause).await
    }

    async fn rows(&self, table: &str, of: &RowsOf, limit: usize) -> Answer<Vec<Row>> {
        Self::rows(self, table, of, limit).await
    }

    async fn log_lines(&self, query: &LogQuery) -> Answer<Vec<LogLine>> {
        Self::log_lines(self, query).await
    }

    async fn queue_depth(&self, queue: &str) -> Answer<Option<(u64, u64)>> {
        match self.queue_url(queue).await? {
            Some(url) => Self::queue_depth(self, &url).await.map(Some),
            None => Ok(None),
        }
    }

    async fn upload(&self, bucket: &str, key: &str, file: &Path) -> Answer<Option<String>> {
        Self::upload(self, bucket, key, file).await
    }

    async fn download(&self, bucket: &str, key: &str, file: &Path) -> Answer<Downloaded> {
        Self::download(self, bucket, key, file).await
    }
}
