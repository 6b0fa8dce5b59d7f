//! Executions and the map runs below them.

use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types::ExecutionStatus as SdkStatus;
use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantNames};

use crate::provision::{Cloud, CloudError};
use crate::provision::{CloudResult, Doing};

/// The status of an execution. As text and in JSON it is `running`, `succeeded`, `failed`, `timed-out` or `aborted`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, EnumString, IntoStaticStr, VariantNames)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum ExecutionStatus {
    /// The execution is running, or waits for a redrive.
    Running,
    /// It reached a Succeed state.
    Succeeded,
    /// It reached a Fail state, or no state caught the error.
    Failed,
    /// It took longer than the state machine allows.
    TimedOut,
    /// It was stopped.
    Aborted,
}

impl ExecutionStatus {
    /// The status as text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl From<&SdkStatus> for ExecutionStatus {
    fn from(status: &SdkStatus) -> Self {
        match status {
            SdkStatus::Succeeded => Self::Succeeded,
            SdkStatus::Failed => Self::Failed,
            SdkStatus::TimedOut => Self::TimedOut,
            SdkStatus::Aborted => Self::Aborted,
            _ => Self::Running,
        }
    }
}

/// One row of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionSummary {
    /// ARN.
    pub arn: String,
    /// Name.
    pub name: String,
    /// How it stands.
    pub status: ExecutionStatus,
    /// Start, in milliseconds since the epoch.
    pub started_ms: i64,
    /// End, in milliseconds since the epoch.
    pub stopped_ms: Option<i64>,
}

/// An execution with its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionView {
    /// ARN, name, status and times.
    pub summary: ExecutionSummary,
    /// JSON it was started with.
    pub input: String,
    /// JSON it ended with, once it succeeded.
    pub output: Option<String>,
    /// Error name, once it failed.
    pub error: Option<String>,
    /// What the error says.
    pub cause: Option<String>,
}

/// The items of one Distributed Map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MapRun {
    /// The Map's label; equal for every run of one state.
    pub label: String,
    /// All items.
    pub total: u64,
    /// Items that have ended well.
    pub succeeded: u64,
    /// Items that have failed, timed out or were aborted.
    pub failed: u64,
    /// Items being worked on.
    pub running: u64,
}

impl Cloud {
    /// Starts an execution under a name; its ARN, or `None` where the name is taken.
    pub async fn start_new(
        &self,
        machine: &str,
        name: &str,
        input: &str,
    ) -> CloudResult<Option<String>> {
        match self.start_execution(machine, name, input).await {
            Ok(arn) => Ok(Some(arn)),
            Err(e) if e.code() == Some("ExecutionAlreadyExists") => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Starts an execution under a name; its ARN.
    pub async fn start_execution(
        &self,
        machine: &str,
        name: &str,
        input: &str,
    ) -> CloudResult<String> {
        let started = self
            .sfn
            .start_execution()
            .state_machine_arn(machine)
            .name(name)
            .input(input)
            .send()
            .await
            .doing(format!("start execution {name}"))?;
        Ok(started.execution_arn)
    }

    /// An execution; `None` where there is none of that ARN (yet).
    pub async fn execution(&self, arn: &str) -> CloudResult<Option<ExecutionView>> {
        let found = self
            .sfn
            .describe_execution()
            .execution_arn(arn)
            .send()
            .await;
        let found = match found.doing(format!("describe execution {arn}")) {
            Ok(found) => found,
            Err(e) if e.is_not_found() => return Ok(None),
            Err(e) => return Err(e),
        };
        Ok(Some(ExecutionView {
            summary: ExecutionSummary {
                name: found.name().unwrap_or_default().to_owned(),
                status: found.status().into(),
                started_ms: millis(found.start_date()),
                stopped_ms: found.stop_date().map(millis),
                arn: found.execution_arn,
            },
            input: found.input.unwrap_or_default(),
            output: found.output,
            error: found.error,
            cause: found.cause,
        }))
    }

    /// The newest executions of a state machine, at most `limit`.
    pub async fn executions(
        &self,
        machine: &str,
        limit: usize,
    ) -> CloudResult<Vec<ExecutionSummary>> {
        let mut pages = self
            .sfn
            .list_executions()
            .state_machine_arn(machine)
            .into_paginator()
            .send();
        let mut executions = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.doing(format!("list executions of {machine}"))?;
            executions.extend(page.executions().iter().map(|e| ExecutionSummary {
                arn: e.execution_arn().to_owned(),
                name: e.name().to_owned(),
                status: e.status().into(),
                started_ms: millis(e.start_date()),
                stopped_ms: e.stop_date().map(millis),
            }));
            if executions.len() >= limit {
                break;
            }
        }
        executions.sort_by_key(|e| std::cmp::Reverse(e.started_ms));
        executions.truncate(limit);
        Ok(executions)
    }

    /// Every map run of an execution, with the counts of its items.
    pub async fn map_runs(&self, execution: &str) -> CloudResult<Vec<MapRun>> {
        let action = format!("list the map runs of {execution}");
        let mut pages = self
            .sfn
            .list_map_runs()
            .execution_arn(execution)
            .into_paginator()
            .send();
        let mut runs = Vec::new();
        while let Some(page) = pages.next().await {
            for run in page.doing(action.as_str())?.map_runs() {
                runs.push(self.map_run(run.map_run_arn()).await?);
            }
        }
        Ok(runs)
    }

    async fn map_run(&self, arn: &str) -> CloudResult<MapRun> {
        let action = format!("describe map run {arn}");
        let run = self
            .sfn
            .describe_map_run()
            .map_run_arn(arn)
            .send()
            .await
            .doing(action.as_str())?;
        let counts = run
            .item_counts()
            .ok_or_else(|| CloudError::new(action, "the answer has no counts"))?;
        let count = |n: i64| u64::try_from(n).unwrap_or(0);
        Ok(MapRun {
            label: label(arn).to_owned(),
            total: count(counts.total()),
            succeeded: count(counts.succeeded()),
            failed: count(counts.failed() + counts.timed_out() + counts.aborted()),
            running: count(counts.running()),
        })
    }

    /// Stops an execution.
    pub async fn stop_execution(&self, arn: &str, cause: &str) -> CloudResult<()> {
        self.sfn
            .stop_execution()
            .execution_arn(arn)
            .error("Stopped")
            .cause(cause)
            .send()
            .await
            .doing(format!("stop execution {arn}"))?;
        Ok(())
    }
}

/// `arn:aws:states:REGION:ACCOUNT:mapRun:MACHINE/LABEL:ID` → `LABEL`.
fn label(arn: &str) -> &str {
    arn.split(':')
        .nth(6)
        .and_then(|r| r.split_once('/'))
        .map_or(arn, |(_, label)| label)
}

pub(super) fn millis(time: &DateTime) -> i64 {
    time.to_millis().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::execution_arn;
    use super::*;

    #[test]
    fn an_execution_is_found_by_its_name() {
        let arn = execution_arn(
            "arn:aws:states:eu-west-1:1:stateMachine:reelsmith-transcode",
            "a-1",
        );
        assert_eq!(
            arn,
            "arn:aws:states:eu-west-1:1:execution:reelsmith-transcode:a-1"
        );
    }

    #[test]
    fn a_map_run_is_named_by_its_label() {
        let arn = "arn:aws:states:us-east-1:1:mapRun:transcode/Chunks:0a1b";
        assert_eq!(label(arn), "Chunks");
        assert_eq!(label("nonsense"), "nonsense");
    }
}
