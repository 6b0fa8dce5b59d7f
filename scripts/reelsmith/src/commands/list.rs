//! `reelsmith list`: the newest executions with the jobs they were for.

use clap::{Args, ValueEnum};
use reelsmith_aws::operate::{ExecutionStatus, ExecutionSummary, RowsOf};
use reelsmith_core::submission::Row;
use serde::Serialize;

use crate::error::Trouble;
use crate::job::subject::STATES;
use crate::job::target::Target;
use crate::view::text;

/// What is to be listed.
#[derive(Args, Clone, Debug)]
pub struct Request {
    /// Only executions that stand like this.
    #[arg(long, value_enum, value_name = "STATUS")]
    pub status: Option<Status>,
    /// At most so many, the newest.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    /// One JSON object per line instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// How an execution stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It goes on.
    Running,
    /// Its job is published, by it or before it.
    Succeeded,
    /// It failed.
    Failed,
    /// It took too long.
    TimedOut,
    /// It was stopped.
    Aborted,
}

impl From<ExecutionStatus> for Status {
    fn from(status: ExecutionStatus) -> Self {
        match status {
            ExecutionStatus::Running => Self::Running,
            ExecutionStatus::Succeeded => Self::Succeeded,
            ExecutionStatus::Failed => Self::Failed,
            ExecutionStatus::TimedOut => Self::TimedOut,
            ExecutionStatus::Aborted => Self::Aborted,
        }
    }
}

impl Status {
    /// As the table shows it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut => "timed-out",
            Self::Aborted => "aborted",
        }
    }
}

/// One execution.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Name of the execution.
    pub execution: String,
    /// How it stands.
    pub status: Status,
    /// Start, RFC 3339.
    pub started: String,
    /// Seconds from start to end, or until now.
    pub seconds: f64,
    /// The job, where this execution holds or last held it.
    pub job_key: Option<String>,
    /// The title.
    pub asset: Option<String>,
    /// Where the job stands.
    pub job: Option<String>,
    /// Name of the last error of the job.
    pub error: Option<String>,
}

/// Lists.
///
/// # Errors
/// Those of the calls.
pub async fn list(target: &Target, request: &Request) -> Result<Vec<Entry>, Trouble> {
    let machine = &target.names.state_machine_arn;
    // With a filter, more must be looked at than is shown.
    let looked = match request.status {
        Some(_) => request.limit.saturating_mul(10).max(200),
        None => request.limit,
    };
    let executions = target.operations.executions(machine, looked).await?;
    let rows = newest_rows(target, looked).await?;
    let now = target.clock.now().0;
    let wanted = |e: &&ExecutionSummary| request.status.is_none_or(|s| s == e.status.into());
    let entries = executions.iter().filter(wanted).take(request.limit);
    Ok(entries
        .map(|e| {
            let row = rows.iter().find(|r| r.owner == e.arn);
            entry(e, row, now)
        })
        .collect())
}

async fn newest_rows(target: &Target, limit: usize) -> Result<Vec<Row>, Trouble> {
    let mut rows = Vec::new();
    for state in STATES {
        let of = RowsOf::State(state);
        let table = &target.names.submission_table;
        rows.extend(target.operations.rows(table, &of, limit).await?);
    }
    Ok(rows)
}

fn entry(execution: &ExecutionSummary, row: Option<&Row>, now: i64) -> Entry {
    let ended = execution.stopped_ms.unwrap_or(now);
    let error = row.and_then(|r| r.failures.iter().rev().find(|f| f.owner == execution.arn));
    Entry {
        execution: execution.name.clone(),
        status: execution.status.into(),
        started: text::instant(execution.started_ms),
        seconds: text::seconds(ended - execution.started_ms),
        job_key: row.map(|r| r.job_key.to_string()),
        asset: row.map(|r| r.asset.to_string()),
        job: row.map(|r| r.state.as_str().to_owned()),
        error: error.map(|f| f.error.clone()),
    }
}

/// As a table, or as JSON lines.
#[must_use]
pub fn print(entries: &[Entry], request: &Request) -> String {
    if request.json {
        return text::json_lines(entries);
    }
    if entries.is_empty() {
        return match request.status {
            Some(status) => format!("no execution is {}", status.as_str()),
            None => "no execution yet: `reelsmith submit MANIFEST` starts one".to_owned(),
        };
    }
    let header = ["STATUS", "STARTED", "TOOK", "JOB", "TITLE", "EXECUTION"].map(str::to_owned);
    let row = |e: &Entry| {
        let job = e.job_key.as_deref().map_or("-", |k| &k[..12]);
        let title = e.asset.as_deref().unwrap_or("-");
        let status = match &e.error {
            Some(error) => format!("{}: {error}", e.status.as_str()),
            None => e.status.as_str().to_owned(),
        };
        let took = text::duration(e.seconds);
        [
            status,
            e.started.clone(),
            took,
            job.to_owned(),
            title.to_owned(),
            e.execution.clone(),
        ]
    };
    let rows = std::iter::once(header).chain(entries.iter().map(row));
    text::table(&rows.map(Vec::from).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
