//! How a job ended, as the state machine says it.

use reelsmith_aws::operate::{ExecutionStatus, ExecutionView};
use reelsmith_contract::ErrorName;
use reelsmith_contract::payload::{Claim, Decision};
use reelsmith_core::keys::{AssetId, JobKey};
use reelsmith_core::submission::Outputs;
use serde::Deserialize;

use crate::error::{Name, Trouble};

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The job is COMPLETE: encoded by this execution, or before it.
    Complete(Published),
    /// Another execution, of this ARN, is at it.
    Elsewhere(String),
    /// The execution failed.
    Failed(Failed),
}

/// What is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The job.
    pub job_key: JobKey,
    /// The title.
    pub asset: AssetId,
    /// Where it is.
    pub outputs: Outputs,
    /// Whether this execution encoded it.
    pub encoded: bool,
    /// Conformance rules that were checked, where this execution checked them.
    pub rules: Option<u32>,
    /// Warnings of the conformance rules.
    pub warnings: Option<u32>,
}

/// Why an execution failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Error name.
    pub error: String,
    /// What was expected, what was found, where, what to do.
    pub cause: String,
}

#[derive(Deserialize)]
struct Output {
    decision: Decision,
    job_key: JobKey,
    asset: AssetId,
    outputs: Option<Outputs>,
    rules: Option<u32>,
    warnings: Option<u32>,
    claim: Option<Claim>,
}

impl Outcome {
    /// Reads the outcome of an execution that has ended.
    ///
    /// # Errors
    /// Where a successful execution's output is not what the state machine puts out.
    pub fn of(view: &ExecutionView) -> Result<Self, Trouble> {
        if view.summary.status != ExecutionStatus::Succeeded {
            return Ok(Self::Failed(Failed::of(view)));
        }
        let text = view.output.as_deref().unwrap_or_default();
        let trouble = |why: String| {
            Trouble::new(
                format!("read the output of execution {}", view.summary.name),
                format!("{why}; found {text}"),
                "compare the state machine's last states with scripts/reelsmith/src/job/outcome.rs",
            )
            .named(Name::RecordUnreadable)
        };
        let output: Output = serde_json::from_str(text).map_err(|e| trouble(e.to_string()))?;
        match (output.decision, output.outputs, output.claim) {
            (Decision::DuplicateRunning, _, Some(claim)) => Ok(Self::Elsewhere(claim.fence.owner)),
            (decision, Some(outputs), _) => Ok(Self::Complete(Published {
                job_key: output.job_key,
                asset: output.asset,
                outputs,
                encoded: decision == Decision::Encode,
                rules: output.rules,
                warnings: output.warnings,
            })),
            (decision, ..) => Err(trouble(format!(
                "expected outputs for {}",
                decision.as_str()
            ))),
        }
    }
}

/// A function's error as it reaches Step Functions.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionError {
    error_message: String,
}

impl Failed {
    fn of(view: &ExecutionView) -> Self {
        let (error, cause) = match view.summary.status {
            ExecutionStatus::TimedOut => (
                "States.Timeout",
                "the execution took longer than the state machine allows",
            ),
            ExecutionStatus::Aborted => ("Aborted", "the execution was stopped"),
            _ => ("States.Unknown", "the execution says nothing"),
        };
        let cause = view
            .cause
            .as_deref()
            .filter(|c| !c.is_empty())
            .unwrap_or(cause);
        Self {
            error: view.error.as_deref().unwrap_or(error).to_owned(),
            cause: readable(cause),
        }
    }

    /// As an operator reads it: the name, what it means, and each part of the cause on a line of its own.
    #[must_use]
    pub fn describe(&self) -> String {
        let known = ErrorName::ALL.iter().find(|n| n.as_str() == self.error);
        let meaning = known.map_or(
            "Not an error of reelsmith: Step Functions or Lambda said it.",
            |n| n.meaning(),
        );
        // What a part quotes may have lines of its own; they stay below it.
        let quoted = self.cause.trim_end().replace('\n', "\n    ");
        let cause = ["found ", "at ", "to do: "]
            .iter()
            .fold(quoted, |text, part| {
                text.replace(&format!("; {part}"), &format!("\n  {part}"))
            });
        format!("{}: {meaning}\n  {cause}", self.error)
    }
}

/// The cause of a function's error without the JSON that Lambda puts around it.
#[must_use]
pub fn readable(cause: &str) -> String {
    let of_function = serde_json::from_str::<FunctionError>(cause);
    of_function.map_or_else(|_| cause.to_owned(), |e| e.error_message)
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

    const PUBLISHED: &str = r#"{"decision": "DECISION", "job_key": "KEY", "asset": "a-s01e01", "generation": 1, "rules": 40, "warnings": 0,
        "outputs": {"bucket": "out", "prefix": "outputs/a-s01e01/KEY/", "hls": "h", "report": "r"}}"#;

    fn published(decision: &str) -> String {
        PUBLISHED
            .replace("KEY", &"ab".repeat(32))
            .replace("DECISION", decision)
    }

    #[test]
    fn a_published_job_is_complete_whoever_encoded_it() {
        for (decision, encoded) in [("ENCODE", true), ("DUPLICATE_COMPLETE", false)] {
            let outcome = Outcome::of(&view(
                ExecutionStatus::Succeeded,
                Some(&published(decision)),
                None,
            ))
            .unwrap();
            let Outcome::Complete(published) = outcome else {
                panic!("{outcome:?}")
            };
            assert_eq!(published.encoded, encoded);
            assert_eq!(published.rules, Some(40));
        }
    }

    #[test]
    fn a_running_duplicate_names_the_execution_that_is_at_it() {
        let output = format!(
            r#"{{"decision": "DUPLICATE_RUNNING", "job_key": "{0}", "asset": "a", "claim":
            {{"job_key": "{0}", "asset": "a", "generation": 1, "attempt": 1, "owner": "arn:other"}}}}"#,
            "ab".repeat(32)
        );
        let outcome = Outcome::of(&view(ExecutionStatus::Succeeded, Some(&output), None)).unwrap();
        assert_eq!(outcome, Outcome::Elsewhere("arn:other".into()));
    }

    #[test]
    fn success_without_outputs_is_not_success() {
        let output = published("ENCODE").replace("outputs\":", "other\":");
        let trouble =
            Outcome::of(&view(ExecutionStatus::Succeeded, Some(&output), None)).unwrap_err();
        assert!(
            trouble.why.starts_with("expected outputs for ENCODE"),
            "{trouble}"
        );
    }

    #[test]
    fn a_failure_reads_as_name_meaning_cause_and_what_to_do() {
        let cause =
            "expected MD5 00; found 11; at s3://in/mezzanines/a.mp4; to do: deliver the file again";
        let failed = |cause: &str| {
            let view = view(
                ExecutionStatus::Failed,
                None,
                Some(("MezzanineChecksumMismatch", cause)),
            );
            match Outcome::of(&view).unwrap() {
                Outcome::Failed(failed) => failed.describe(),
                other => panic!("{other:?}"),
            }
        };
        insta::assert_snapshot!(failed(cause), @r"
        MezzanineChecksumMismatch: A checksum of the mezzanine is not the manifest's.
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
