//! Which job a person means: by execution, job key, title, or the beginning of one of them.

use clap::Args;
use reelsmith_aws::operate::{
    ExecutionSummary, ExecutionView, HistoryEvent, HistoryKind, RowsOf, execution_arn,
};
use reelsmith_aws::provision::CloudError;
use reelsmith_contract::payload::JobRef;
use reelsmith_core::keys::{AssetId, JobKey};
use reelsmith_core::ports::is_execution_name;
use reelsmith_core::submission::{Row, State};
use serde::Deserialize;

use crate::error::{Name, Trouble};
use crate::job::target::Target;

/// How far back names and keys are searched by their beginning.
const SEARCHED: usize = 200;
/// Fewest digits of a job key that are looked for.
const FEWEST_DIGITS: usize = 6;
/// Digits that end the name of an execution.
const NAME_DIGITS: usize = 32;
/// Every state of a row.
pub const STATES: [State; 5] = [
    State::Reserved,
    State::Submitted,
    State::Validating,
    State::Complete,
    State::Failed,
];

/// Which job, and how it is told.
#[derive(Args, Clone, Debug, Default)]
pub struct About {
    /// An execution, a job key, a title, or the beginning of one; the newest execution where not given.
    pub job: Option<String>,
    /// JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

/// A job as far as it is known: an execution may have failed before there was a row, and a row outlives its execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The execution.
    pub execution: Option<ExecutionView>,
    /// The row.
    pub row: Option<Row>,
    /// Events of the execution.
    pub history: Vec<HistoryEvent>,
}

/// What of a state's data tells the job.
#[derive(Deserialize)]
struct StateData {
    job: JobRef,
}

impl Subject {
    /// Finds a job; without a name the newest execution.
    ///
    /// # Errors
    /// `JobUnknown`, `JobAmbiguous`, or those of the calls.
    pub async fn find(target: &Target, what: Option<&str>) -> Result<Self, Trouble> {
        let what = what.unwrap_or("last");
        if let Some(arn) = by_execution(target, what).await? {
            return Self::of_execution(target, &arn).await;
        }
        if let Some(row) = by_row(target, what).await? {
            return Self::of_row(target, row).await;
        }
        Err(unknown(target, what))
    }

    /// The job of an execution.
    ///
    /// # Errors
    /// `JobUnknown` where it is not there, or those of the calls.
    pub async fn of_execution(target: &Target, arn: &str) -> Result<Self, Trouble> {
        let execution = target.operations.execution(arn).await?;
        let execution = execution.ok_or_else(|| unknown(target, arn))?;
        let history = target.operations.history(arn, 0).await?;
        let row = match job_of(&execution, &history) {
            Some(key) => row(target, &key).await?,
            None => None,
        };
        Ok(Self {
            execution: Some(execution),
            row,
            history,
        })
    }

    async fn of_row(target: &Target, row: Row) -> Result<Self, Trouble> {
        let execution = target.operations.execution(&row.owner).await?;
        let history = match &execution {
            Some(_) => target.operations.history(&row.owner, 0).await?,
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
    /// `JobUnknown` where Step Functions does not keep it any more.
    pub fn execution(&self) -> Result<&ExecutionView, Trouble> {
        self.execution.as_ref().ok_or_else(|| {
            let owner = self.row.as_ref().map_or("", |r| r.owner.as_str());
            Trouble::new(
                format!("look at execution {owner}"),
                "Step Functions has none of that name (any more): it keeps them for 90 days, a local stack until it ends",
                "`reelsmith show` tells what the submission table and S3 know of the job",
            )
            .named(Name::JobUnknown)
        })
    }

    /// Whether this execution holds, or last held, the row.
    #[must_use]
    pub fn owns_row(&self) -> bool {
        let owner = self.row.as_ref().map(|r| r.owner.as_str());
        self.execution.as_ref().map(|e| e.summary.arn.as_str()) == owner
    }
}

/// The row of a job key.
///
/// # Errors
/// Where the table cannot be read.
pub async fn row(target: &Target, key: &JobKey) -> Result<Option<Row>, Trouble> {
    let row = target.submissions.row(key).await;
    Ok(row.map_err(|e| CloudError::port(format!("read the row of job {key}"), e))?)
}

/// The job key of an execution: every successful end and every history past ParseManifest tells it.
#[must_use]
pub fn job_of(execution: &ExecutionView, history: &[HistoryEvent]) -> Option<JobKey> {
    let output = execution.output.as_deref();
    let put_out = output.and_then(|text| serde_json::from_str::<JobRef>(text).ok());
    let of_state = |event: &HistoryEvent| match &event.kind {
        HistoryKind::Exited { output, .. } => serde_json::from_str::<StateData>(output).ok(),
        _ => None,
    };
    put_out
        .or_else(|| history.iter().find_map(of_state).map(|data| data.job))
        .map(|job| job.job_key)
}

async fn by_execution(target: &Target, what: &str) -> Result<Option<String>, Trouble> {
    let machine = &target.names.state_machine_arn;
    if what.starts_with("arn:") {
        return Ok(Some(what.to_owned()));
    }
    if is_execution_name(what) {
        let arn = execution_arn(machine, what);
        if target.operations.execution(&arn).await?.is_some() {
            return Ok(Some(arn));
        }
    }
    let newest = target.operations.executions(machine, SEARCHED).await?;
    if what == "last" {
        return Ok(newest.first().map(|e| e.arn.clone()));
    }
    // Deliveries of one manifest differ in their digits only: the newest is meant.
    if let Some(found) = newest.iter().find(|e| stem(&e.name) == what) {
        return Ok(Some(found.arn.clone()));
    }
    let begins = |e: &&ExecutionSummary| e.name.starts_with(what);
    let found: Vec<_> = newest.iter().filter(begins).collect();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.arn.clone())),
        many => Err(ambiguous(what, many.iter().map(|e| e.name.clone()))),
    }
}

async fn by_row(target: &Target, what: &str) -> Result<Option<Row>, Trouble> {
    if let Ok(key) = what.parse::<JobKey>() {
        return row(target, &key).await;
    }
    let table = &target.names.submission_table;
    if let Ok(asset) = what.parse::<AssetId>() {
        let rows = target
            .operations
            .rows(table, &RowsOf::Asset(asset), 1)
            .await?;
        if let Some(row) = rows.into_iter().next() {
            return Ok(Some(row));
        }
    }
    let digits = what.len() >= FEWEST_DIGITS && what.bytes().all(|b| b.is_ascii_hexdigit());
    if !digits {
        return Ok(None);
    }
    let mut found = Vec::new();
    for state in STATES {
        let of = RowsOf::State(state);
        let rows = target.operations.rows(table, &of, SEARCHED).await?;
        let begins = |r: &Row| r.job_key.as_str().starts_with(what);
        found.extend(rows.into_iter().filter(begins));
    }
    match found.len() {
        0 | 1 => Ok(found.pop()),
        _ => Err(ambiguous(what, found.iter().map(|r| r.job_key.to_string()))),
    }
}

/// The name of the manifest in an execution's name: what is before its digits, and before the `-r2` of a redrive.
#[must_use]
pub fn stem(name: &str) -> &str {
    let name = without_redrive(name);
    match name.rsplit_once('-') {
        Some((stem, digits)) if digits.len() == NAME_DIGITS => stem,
        _ => name,
    }
}

/// An execution's name without the `-r2` of a redrive.
#[must_use]
pub fn without_redrive(name: &str) -> &str {
    let Some((whole, last)) = name.rsplit_once('-') else {
        return name;
    };
    let number = last
        .strip_prefix('r')
        .is_some_and(|n| n.parse::<u32>().is_ok());
    if number { whole } else { name }
}

fn unknown(target: &Target, what: &str) -> Trouble {
    let (action, remedy) = if what == "last" {
        (
            "find the newest execution".to_owned(),
            "`reelsmith submit` starts one",
        )
    } else {
        (
            format!("find {what}"),
            "name an execution, a job key, a title (asset), or the beginning of one: `reelsmith list` shows them",
        )
    };
    let why = format!(
        "no execution and no job of that name: {}",
        target.describe()
    );
    Trouble::new(action, why, remedy).named(Name::JobUnknown)
}

fn ambiguous(what: &str, found: impl Iterator<Item = String>) -> Trouble {
    let found: Vec<String> = found.take(8).collect();
    Trouble::new(
        format!("find {what}"),
        format!("it fits more than one:\n{}", found.join("\n")),
        "give more of its name",
    )
    .named(Name::JobAmbiguous)
}

#[cfg(test)]
mod tests;
