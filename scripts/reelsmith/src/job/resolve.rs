//! Finding the job that an operator names: by execution, job key, title, or the beginning of one of them.

use clap::Args;
use reelsmith_aws::operate::{
    ExecutionSummary, ExecutionView, HistoryEvent, HistoryKind, RowsOf, execution_arn,
};
use reelsmith_contract::payload::{JobRef, SubmitJobOutput};
use reelsmith_core::keys::{AssetId, JobKey};
use reelsmith_core::ports::is_execution_name;
use reelsmith_core::submission::{Outputs, Row, State};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{CallExt, CliError, ErrorCode};
use crate::job::connection::Connection;

/// Number of executions, and of rows of each state, that are searched for a name's beginning.
const SEARCHED: usize = 200;
/// Fewest digits of a job key that are searched for.
const MIN_DIGITS: usize = 6;
/// Digits at the end of an execution's name.
const NAME_DIGITS: usize = 32;
/// Every state of a row.
pub const STATES: [State; 5] = [
    State::Reserved,
    State::Submitted,
    State::Validating,
    State::Complete,
    State::Failed,
];

/// Selects a job.
#[derive(Args, Clone, Debug, Default)]
pub struct JobArg {
    /// An execution, a job key, a title, or the beginning of one of them. Default: the newest execution.
    #[arg(value_name = "JOB")]
    pub name: Option<String>,
}

/// Selects a job and the form of the output.
#[derive(Args, Clone, Debug, Default)]
pub struct JobSelector {
    #[command(flatten)]
    pub job: JobArg,
    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

/// What is known of a job. An execution can fail before there is a row, and a row outlives its execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedJob {
    pub execution: Option<ExecutionView>,
    pub row: Option<Row>,
    /// Events of the execution.
    pub history: Vec<HistoryEvent>,
}

impl JobArg {
    /// Finds the job.
    ///
    /// # Errors
    /// `JobUnknown`, `JobAmbiguous`, or those of the calls.
    pub async fn resolve(&self, connection: &Connection) -> Result<ResolvedJob, CliError> {
        ResolvedJob::find(connection, self.name.as_deref()).await
    }
}

impl ResolvedJob {
    /// Finds a job; without a name, the newest execution.
    ///
    /// # Errors
    /// `JobUnknown`, `JobAmbiguous`, or those of the calls.
    pub async fn find(connection: &Connection, name: Option<&str>) -> Result<Self, CliError> {
        let name = name.unwrap_or("last");
        if let Some(arn) = by_execution(connection, name).await? {
            return Self::of_execution(connection, &arn).await;
        }
        if let Some(row) = by_row(connection, name).await? {
            return Self::of_row(connection, row).await;
        }
        Err(unknown(connection, name))
    }

    /// The job of an execution.
    ///
    /// # Errors
    /// `JobUnknown` if the execution does not exist, or those of the calls.
    pub async fn of_execution(connection: &Connection, arn: &str) -> Result<Self, CliError> {
        let execution = connection.operations.execution(arn).await?;
        let execution = execution.ok_or_else(|| unknown(connection, arn))?;
        let history = connection.operations.history(arn, 0).await?;
        let row = match job_of(&execution, &history) {
            Some(key) => row(connection, &key).await?,
            None => None,
        };
        Ok(Self {
            execution: Some(execution),
            row,
            history,
        })
    }

    async fn of_row(connection: &Connection, row: Row) -> Result<Self, CliError> {
        let execution = connection.operations.execution(&row.owner).await?;
        let history = match &execution {
            Some(_) => connection.operations.history(&row.owner, 0).await?,
            None => Vec::new(),
        };
        Ok(Self {
            execution,
            row: Some(row),
            history,
        })
    }

    /// The execution.
    ///
    /// # Errors
    /// `JobUnknown` if Step Functions no longer keeps it.
    pub fn execution(&self) -> Result<&ExecutionView, CliError> {
        self.execution.as_ref().ok_or_else(|| {
            let owner = self.row.as_ref().map_or("", |r| r.owner.as_str());
            CliError::new(
                format!("read execution {owner}"),
                "Step Functions no longer has it: AWS keeps executions for 90 days, a local stack until it ends",
                "`reelsmith show` prints what the submission table and S3 contain of the job",
            )
            .with_code(ErrorCode::JobUnknown)
        })
    }

    /// Whether this execution holds the row, or was the last to hold it.
    pub fn owns_row(&self) -> bool {
        let owner = self.row.as_ref().map(|r| r.owner.as_str());
        self.execution.as_ref().map(|e| e.summary.arn.as_str()) == owner
    }

    pub fn outputs(&self) -> Option<&Outputs> {
        self.row.as_ref()?.outputs.as_ref()
    }
}

/// The row of a job key.
async fn row(connection: &Connection, key: &JobKey) -> Result<Option<Row>, CliError> {
    let row = connection.submissions.row(key).await;
    row.on_call(format!("read the row of job {key}"))
}

/// The first output of a state that can be read as `T`, which picks the fields that it needs.
fn state_output<T: DeserializeOwned>(history: &[HistoryEvent]) -> Option<T> {
    history.iter().find_map(|event| match &event.kind {
        HistoryKind::Exited { output, .. } => serde_json::from_str(output).ok(),
        _ => None,
    })
}

/// The job key of an execution. The output of a successful execution contains it, and so does the output of each state
/// after ParseManifest.
pub fn job_of(execution: &ExecutionView, history: &[HistoryEvent]) -> Option<JobKey> {
    #[derive(Deserialize)]
    struct StateData {
        job: JobRef,
    }
    let output = execution.output.as_deref();
    let of_execution = output.and_then(|text| serde_json::from_str::<JobRef>(text).ok());
    of_execution
        .or_else(|| state_output::<StateData>(history).map(|data| data.job))
        .map(|job| job.job_key)
}

/// What submit-job decided; `None` if the execution did not come that far.
pub fn submission_of(history: &[HistoryEvent]) -> Option<SubmitJobOutput> {
    #[derive(Deserialize)]
    struct StateData {
        submission: SubmitJobOutput,
    }
    state_output::<StateData>(history).map(|data| data.submission)
}

async fn by_execution(connection: &Connection, name: &str) -> Result<Option<String>, CliError> {
    let machine = &connection.names.state_machine_arn;
    if name.starts_with("arn:") {
        return Ok(Some(name.to_owned()));
    }
    if is_execution_name(name) {
        let arn = execution_arn(machine, name);
        if connection.operations.execution(&arn).await?.is_some() {
            return Ok(Some(arn));
        }
    }
    let newest = connection.operations.executions(machine, SEARCHED).await?;
    if name == "last" {
        return Ok(newest.first().map(|e| e.arn.clone()));
    }
    // The executions of one manifest differ only in their digits; the newest one is selected.
    if let Some(found) = newest.iter().find(|e| stem(&e.name) == name) {
        return Ok(Some(found.arn.clone()));
    }
    let matches = |e: &&ExecutionSummary| e.name.starts_with(name);
    let found: Vec<_> = newest.iter().filter(matches).collect();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.arn.clone())),
        many => Err(ambiguous(name, many.iter().map(|e| e.name.clone()))),
    }
}

async fn by_row(connection: &Connection, name: &str) -> Result<Option<Row>, CliError> {
    if let Ok(key) = name.parse::<JobKey>() {
        return row(connection, &key).await;
    }
    let (operations, table) = (&connection.operations, &connection.names.submission_table);
    if let Ok(asset) = name.parse::<AssetId>() {
        let rows = operations.rows(table, &RowsOf::Asset(asset), 1).await?;
        if let Some(row) = rows.into_iter().next() {
            return Ok(Some(row));
        }
    }
    if name.len() < MIN_DIGITS || !name.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(None);
    }
    let mut found = newest_rows(connection, SEARCHED).await?;
    found.retain(|r| r.job_key.as_str().starts_with(name));
    match found.len() {
        0 | 1 => Ok(found.pop()),
        _ => Err(ambiguous(name, found.iter().map(|r| r.job_key.to_string()))),
    }
}

/// The newest `limit` rows of each state.
pub async fn newest_rows(connection: &Connection, limit: usize) -> Result<Vec<Row>, CliError> {
    let mut rows = Vec::new();
    for state in STATES {
        let (of, table) = (RowsOf::State(state), &connection.names.submission_table);
        rows.extend(connection.operations.rows(table, &of, limit).await?);
    }
    Ok(rows)
}

/// The name of the manifest in an execution's name: everything before its digits and before the `-r2` of a redrive.
pub fn stem(name: &str) -> &str {
    let name = without_redrive(name);
    match name.rsplit_once('-') {
        Some((stem, digits)) if digits.len() == NAME_DIGITS => stem,
        _ => name,
    }
}

/// An execution's name without the `-r2` of a redrive.
pub fn without_redrive(name: &str) -> &str {
    let is_number = |last: &str| {
        last.strip_prefix('r')
            .is_some_and(|n| n.parse::<u32>().is_ok())
    };
    match name.rsplit_once('-') {
        Some((original, last)) if is_number(last) => original,
        _ => name,
    }
}

fn unknown(connection: &Connection, name: &str) -> CliError {
    let deployment = connection.describe();
    let error = if name == "last" {
        CliError::new(
            "find the newest execution",
            format!("there is no execution yet: {deployment}"),
            "start one with `reelsmith submit`",
        )
    } else {
        CliError::new(
            format!("find {name}"),
            format!("no execution, job key or title matches: {deployment}"),
            "give an execution, a job key, a title, or the beginning of one of them; `reelsmith list` shows them",
        )
    };
    error.with_code(ErrorCode::JobUnknown)
}

fn ambiguous(name: &str, found: impl Iterator<Item = String>) -> CliError {
    let found: Vec<String> = found.take(8).collect();
    CliError::new(
        format!("find {name}"),
        format!("more than one job matches:\n{}", found.join("\n")),
        "give more of the name",
    )
    .with_code(ErrorCode::JobAmbiguous)
}

#[cfg(test)]
mod tests;
