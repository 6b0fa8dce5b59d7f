//! `reelsmith list`: the newest executions with their jobs.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use reelsmith_aws::operate::{ExecutionStatus, ExecutionSummary};
use reelsmith_core::submission::Row;
use serde::Serialize;
use strum::VariantNames as _;

use crate::error::{CliError, CommandResult, Exit};
use crate::job::connection::{Connection, DeploymentArgs};
use crate::job::resolve::newest_rows;
use crate::view::text::{self, say};

#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// List only executions with this status.
    #[arg(long, value_name = "STATUS", value_parser = PossibleValuesParser::new(ExecutionStatus::VARIANTS)
        .try_map(|status| status.parse::<ExecutionStatus>()))]
    pub status: Option<ExecutionStatus>,
    /// Number of executions, the newest first.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    /// Print one JSON object per line instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// An execution with its job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Name of the execution.
    pub execution: String,
    pub status: ExecutionStatus,
    /// Start, RFC 3339.
    pub started: String,
    /// Seconds from start to end, or until now.
    pub seconds: f64,
    /// The job, if this execution holds it or was the last to hold it.
    pub job_key: Option<String>,
    pub asset: Option<String>,
    /// State of the job.
    pub job: Option<String>,
    /// Name of the last error of the job.
    pub error: Option<String>,
}

pub async fn run(deployment: &DeploymentArgs, args: &ListArgs) -> CommandResult {
    let entries = list(&deployment.connect_noted().await?, args).await?;
    say(&print(&entries, args));
    Ok(Exit::Done)
}

pub async fn list(connection: &Connection, args: &ListArgs) -> Result<Vec<Entry>, CliError> {
    let machine = &connection.names.state_machine_arn;
    // A filter on the status needs more executions than it returns.
    let read = match args.status {
        Some(_) => args.limit.saturating_mul(10).max(200),
        None => args.limit,
    };
    let executions = connection.operations.executions(machine, read).await?;
    let rows = newest_rows(connection, read).await?;
    let now = connection.clock.now().0;
    let wanted = |e: &&ExecutionSummary| args.status.is_none_or(|s| s == e.status);
    let entries = executions.iter().filter(wanted).take(args.limit);
    Ok(entries
        .map(|e| entry(e, rows.iter().find(|r| r.owner == e.arn), now))
        .collect())
}

fn entry(execution: &ExecutionSummary, row: Option<&Row>, now: i64) -> Entry {
    let ended = execution.stopped_ms.unwrap_or(now);
    let error = row.and_then(|r| r.failures.iter().rev().find(|f| f.owner == execution.arn));
    Entry {
        execution: execution.name.clone(),
        status: execution.status,
        started: text::instant(execution.started_ms),
        seconds: text::seconds(ended - execution.started_ms),
        job_key: row.map(|r| r.job_key.to_string()),
        asset: row.map(|r| r.asset.to_string()),
        job: row.map(|r| r.state.as_str().to_owned()),
        error: error.map(|f| f.error.clone()),
    }
}

pub fn print(entries: &[Entry], args: &ListArgs) -> String {
    if args.json {
        return text::json_lines(entries);
    }
    if entries.is_empty() {
        return match args.status {
            Some(status) => format!("no execution has the status {}", status.as_str()),
            None => "no executions yet; start one with `reelsmith submit MANIFEST`".to_owned(),
        };
    }
    let row = |e: &Entry| {
        let status = e.status.as_str();
        [
            e.error
                .as_ref()
                .map_or_else(|| status.to_owned(), |error| format!("{status}: {error}")),
            e.started.clone(),
            text::duration(e.seconds),
            e.job_key.as_deref().map_or("-", |k| &k[..12]).to_owned(),
            e.asset.clone().unwrap_or_else(|| "-".to_owned()),
            e.execution.clone(),
        ]
    };
    text::table(
        ["STATUS", "STARTED", "TOOK", "JOB", "TITLE", "EXECUTION"],
        entries.iter().map(row),
    )
}

#[cfg(test)]
mod tests;
