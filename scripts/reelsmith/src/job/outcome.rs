//! How an execution ended, read from its status, output and error.

use reelsmith_aws::operate::{ExecutionStatus, ExecutionView};
use reelsmith_contract::ErrorName;
use reelsmith_contract::payload::{Claim, Decision, error_message};
use reelsmith_core::keys::{AssetId, JobKey};
use reelsmith_core::submission::Outputs;
use serde::{Deserialize, Serialize};

use crate::error::{CliError, ErrorCode};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExecutionOutcome {
    /// The job is COMPLETE. This execution or an earlier one encoded it.
    Complete(PublishedJob),
    /// Another execution, with this ARN, is encoding the job.
    Elsewhere(String),
    Failed(ExecutionFailure),
}

/// A COMPLETE job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedJob {
    pub job_key: JobKey,
    pub asset: AssetId,
    pub outputs: Outputs,
    /// Whether this execution encoded it.
    pub encoded: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExecutionFailure {
    /// Error name.
    pub error: String,
    /// What was expected, what was found, where, and what to do.
    pub cause: String,
}

#[derive(Deserialize)]
struct ExecutionOutput {
    decision: Decision,
    job_key: JobKey,
    asset: AssetId,
    outputs: Option<Outputs>,
    claim: Option<Claim>,
}

impl ExecutionOutcome {
    /// The outcome of an execution that has ended.
    ///
    /// # Errors
    /// `RecordUnreadable` if the output of a successful execution has another form.
    pub fn of(view: &ExecutionView) -> Result<Self, CliError> {
        if let Some(failure) = ExecutionFailure::of(view) {
            return Ok(Self::Failed(failure));
        }
        let text = view.output.as_deref().unwrap_or_default();
        let unreadable = |why: String| {
            CliError::new(
                format!("read the output of execution {}", view.summary.name),
                format!("{why}; found {text}"),
                "compare the last states of the state machine with scripts/reelsmith/src/job/outcome.rs",
            )
            .with_code(ErrorCode::RecordUnreadable)
        };
        let output: ExecutionOutput =
            serde_json::from_str(text).map_err(|e| unreadable(e.to_string()).with_source(e))?;
        match (output.decision, output.outputs, output.claim) {
            (Decision::DuplicateRunning, _, Some(claim)) => Ok(Self::Elsewhere(claim.fence.owner)),
            (decision, Some(outputs), _) => Ok(Self::Complete(PublishedJob {
                job_key: output.job_key,
                asset: output.asset,
                outputs,
                encoded: decision == Decision::Encode,
            })),
            (decision, ..) => Err(unreadable(format!(
                "expected outputs for {}",
                decision.as_str()
            ))),
        }
    }
}

impl ExecutionFailure {
    /// The failure of an execution; `None` if it is running or succeeded.
    pub fn of(view: &ExecutionView) -> Option<Self> {
        let (error, cause) = match view.summary.status {
            ExecutionStatus::Running | ExecutionStatus::Succeeded => return None,
            ExecutionStatus::TimedOut => (
                "States.Timeout",
                "the execution took longer than the state machine allows",
            ),
            ExecutionStatus::Aborted => ("Aborted", "the execution was stopped"),
            ExecutionStatus::Failed => ("States.Unknown", "the execution gives no cause"),
        };
        let given = view.cause.as_deref().filter(|c| !c.is_empty());
        Some(Self {
            error: view.error.as_deref().unwrap_or(error).to_owned(),
            cause: error_message(given.unwrap_or(cause)),
        })
    }

    /// The name, its meaning, and each part of the cause on a line of its own.
    pub fn describe(&self) -> String {
        let known = ErrorName::ALL.iter().find(|n| n.as_str() == self.error);
        let meaning = known.map_or(
            "An error of Step Functions or Lambda, not of reelsmith.",
            |n| n.meaning(),
        );
        // A quoted text with several lines stays indented below its part.
        let quoted = self.cause.trim_end().replace('\n', "\n    ");
        let cause = ["found ", "at ", "to do: "]
            .iter()
            .fold(quoted, |text, part| {
                text.replace(&format!("; {part}"), &format!("\n  {part}"))
            });
        format!("{}: {meaning}\n  {cause}", self.error)
    }
}

#[cfg(test)]
mod tests {
    use reelsmith_aws::operate::ExecutionSummary;

    use super::*;

    fn view(
        status: ExecutionStatus,
        output: Option<&str>,
        error: Option<(&str, &str)>,
    ) -> ExecutionView {
        ExecutionView {
            summary: ExecutionSummary {
                arn: "arn".into(),
                name: "e-1".into(),
                status,
                started_ms: 0,
                stopped_ms: Some(1),
            },
            input: "{}".into(),
            output: output.map(Into::into),
            error: error.map(|(e, _)| e.into()),
            cause: error.map(|(_, c)| c.into()),
        }
    }

    const PUBLISHED: &str = r#"{"decision": "DECISION", "job_key": "KEY", "asset": "a-s01e01", "generation": 1,
        "outputs": {"bucket": "out", "prefix": "outputs/a-s01e01/KEY/", "hls": "h", "report": "r"}}"#;

    fn published(decision: &str) -> String {
        PUBLISHED
            .replace("KEY", &"ab".repeat(32))
            .replace("DECISION", decision)
    }

    #[test]
    fn a_published_job_is_complete_whether_or_not_this_execution_encoded_it() {
        for (decision, encoded) in [("ENCODE", true), ("DUPLICATE_COMPLETE", false)] {
            let outcome = ExecutionOutcome::of(&view(
                ExecutionStatus::Succeeded,
                Some(&published(decision)),
                None,
            ))
            .unwrap();
            let ExecutionOutcome::Complete(published) = outcome else {
                panic!("{outcome:?}")
            };
            assert_eq!(published.encoded, encoded);
        }
    }

    #[test]
    fn a_running_duplicate_names_the_execution_that_encodes_the_job() {
        let output = format!(
            r#"{{"decision": "DUPLICATE_RUNNING", "job_key": "{0}", "asset": "a", "claim":
            {{"job_key": "{0}", "asset": "a", "generation": 1, "attempt": 1, "owner": "arn:other"}}}}"#,
            "ab".repeat(32)
        );
        let outcome =
            ExecutionOutcome::of(&view(ExecutionStatus::Succeeded, Some(&output), None)).unwrap();
        assert_eq!(outcome, ExecutionOutcome::Elsewhere("arn:other".into()));
    }

    #[test]
    fn a_successful_execution_without_outputs_is_an_error() {
        let output = published("ENCODE").replace("outputs\":", "other\":");
        let error = ExecutionOutcome::of(&view(ExecutionStatus::Succeeded, Some(&output), None))
            .unwrap_err();
        assert!(
            error.why.starts_with("expected outputs for ENCODE"),
            "{error}"
        );
    }

    #[test]
    fn a_failure_shows_name_meaning_and_the_parts_of_the_cause() {
        let cause =
            "expected MD5 00; found 11; at s3://in/mezzanines/a.mp4; to do: deliver the file again";
        let failed = |cause: &str| {
            let view = view(
                ExecutionStatus::Failed,
                None,
                Some(("MezzanineChecksumMismatch", cause)),
            );
            match ExecutionOutcome::of(&view).unwrap() {
                ExecutionOutcome::Failed(failed) => failed.describe(),
                other => panic!("{other:?}"),
            }
        };
        insta::assert_snapshot!(failed(cause), @r"
        MezzanineChecksumMismatch: A checksum of the mezzanine is not the one that the manifest declares.
          expected MD5 00
          found 11
          at s3://in/mezzanines/a.mp4
          to do: deliver the file again
        ");
        let wrapped =
            serde_json::json!({"errorType": "MezzanineChecksumMismatch", "errorMessage": cause});
        assert_eq!(failed(&wrapped.to_string()), failed(cause));
    }
}
