//! Executions and their map runs.

use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types::ExecutionStatus as SdkStatus;
use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantNames};

use crate::cloud::{Cloud, CloudError, CloudResult, Doing, if_found};

/// The status of an execution. As text and in JSON it is `running`, `succeeded`, `failed`, `timed-out` or `aborted`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, EnumString, IntoStaticStr, VariantNames)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum ExecutionStatus {
    /// The execution is running, or waits for a redrive.
    Running,
    Succeeded,
    /// It reached a Fail state, or no state caught the error.
    Failed,
    TimedOut,
    Aborted,
}

impl ExecutionStatus {
    /// The status as text.
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

/// One row of a list of executions. Times are in milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExecutionSummary {
    pub arn: String,
    pub name: String,
    pub status: ExecutionStatus,
    pub started_ms: i64,
    pub stopped_ms: Option<i64>,
}

/// An execution with its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExecutionView {
    #[serde(flatten)]
    pub summary: ExecutionSummary,
    /// The input as JSON.
    pub input: String,
    /// The output as JSON, if the execution succeeded.
    pub output: Option<String>,
    pub error: Option<String>,
    pub cause: Option<String>,
}

/// The items of one Distributed Map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MapRun {
    /// The label of the Map, which is the same for all runs of a state.
    pub label: String,
    pub total: u64,
    pub succeeded: u64,
    /// Items that failed, timed out or were aborted.
    pub failed: u64,
    pub running: u64,
}

impl Cloud {
    /// Starts an execution and returns its ARN.
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

    /// The execution with that ARN; `None` if there is none.
    pub async fn execution(&self, arn: &str) -> CloudResult<Option<ExecutionView>> {
        let found = self
            .sfn
            .describe_execution()
            .execution_arn(arn)
            .send()
            .await;
        let found = if_found(found.doing(format!("describe execution {arn}")))?;
        Ok(found.map(|found| ExecutionView {
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

    /// All map runs of an execution, with the counts of their items.
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
            .doing(format!("stop execution {arn}"))
            .map(drop)
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
    fn the_arn_of_an_execution_follows_from_its_name() {
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
    fn the_label_of_a_map_run_is_in_its_arn() {
        let arn = "arn:aws:states:us-east-1:1:mapRun:transcode/Chunks:0a1b";
        assert_eq!(label(arn), "Chunks");
        assert_eq!(label("nonsense"), "nonsense");
    }
}
