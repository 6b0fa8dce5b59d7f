//! Continuing an execution that ended without success.

use aws_sdk_sfn::operation::redrive_execution::RedriveExecutionError;
use aws_sdk_sfn::types::ExecutionRedriveStatus;

use super::{ExecutionStatus, ExecutionView, execution_arn};
use crate::cloud::{Cloud, CloudError, CloudResult, Doing};

/// How an execution was continued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redriven {
    /// The execution to follow from now on.
    pub arn: String,
    /// Whether the same execution continues at the state that was interrupted. Otherwise a new execution of the same
    /// manifest was started, which does not encode chunks again that have a record.
    pub resumed: bool,
}

/// How many new executions one execution can get.
const MAX_RESTARTS: u32 = 999;
/// The longest name that leaves room for `-r999` within the 80 characters of a name.
const STEM: usize = 75;

impl Cloud {
    /// Continues an execution that failed, timed out or was stopped.
    ///
    /// `RedriveExecution` resumes an execution that was stopped or timed out. An execution that reached a Fail state would
    /// only reach it again, and an emulator may not support the call. In these cases, a new execution is started with the
    /// same input, under the old name with `-r1`, `-r2` and so on. The effect is the same, because finished work is found by
    /// its records.
    ///
    /// # Errors
    /// If there is no such execution, it is still running, it succeeded, or a call fails.
    pub async fn redrive(&self, execution: &str) -> CloudResult<Redriven> {
        let action = format!("redrive execution {execution}");
        let Some(view) = self.execution(execution).await? else {
            let reason = "there is no execution with that ARN";
            return Err(CloudError::not_found(action, reason));
        };
        let resumed = match view.summary.status {
            ExecutionStatus::Running | ExecutionStatus::Succeeded => {
                let reason = "it is running, or it succeeded";
                return Err(CloudError::new(action, reason));
            }
            ExecutionStatus::Failed => false,
            ExecutionStatus::TimedOut | ExecutionStatus::Aborted => {
                self.resume(&view.summary.arn).await?
            }
        };
        let arn = match resumed {
            true => view.summary.arn,
            false => self.start_again(&view).await?,
        };
        Ok(Redriven { arn, resumed })
    }

    /// Resumes an execution; false if the service cannot resume it.
    async fn resume(&self, arn: &str) -> CloudResult<bool> {
        let described = self
            .sfn
            .describe_execution()
            .execution_arn(arn)
            .send()
            .await;
        let described = described.doing(format!("describe execution {arn}"))?;
        let redrivable = described.redrive_status() == Some(&ExecutionRedriveStatus::Redrivable);
        if !redrivable {
            return Ok(false);
        }
        let token = format!("{:032x}", fastrand::u128(..));
        let answer = self
            .sfn
            .redrive_execution()
            .execution_arn(arn)
            .client_token(token)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(e)
                if matches!(
                    e.as_service_error(),
                    Some(RedriveExecutionError::ExecutionNotRedrivable(_))
                ) =>
            {
                Ok(false)
            }
            Err(e) => Err(e).doing(format!("redrive execution {arn}")),
        }
    }

    /// Starts a new execution with the input of one that has ended, and returns its ARN.
    pub async fn start_again(&self, view: &ExecutionView) -> CloudResult<String> {
        let machine = machine_of(&view.summary.arn);
        for n in 1..=MAX_RESTARTS {
            let name = name_again(&view.summary.name, n);
            let arn = execution_arn(&machine, &name);
            if self.execution(&arn).await?.is_some() {
                continue;
            }
            return self.start_execution(&machine, &name, &view.input).await;
        }
        Err(CloudError::new(
            format!("redrive execution {}", view.summary.arn),
            format!("it was redriven {MAX_RESTARTS} times; drop its manifest again"),
        ))
    }
}

/// The name of the n-th new execution: `film-0a1b` and `film-0a1b-r1` both lead to `film-0a1b-r2`.
pub fn name_again(name: &str, n: u32) -> String {
    let stem = match name.rsplit_once("-r") {
        Some((stem, digits))
            if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) =>
        {
            stem
        }
        _ => name,
    };
    let stem: String = stem.chars().take(STEM).collect();
    format!("{stem}-r{n}")
}

/// `arn:aws:states:R:A:execution:MACHINE:NAME` → `arn:aws:states:R:A:stateMachine:MACHINE`.
fn machine_of(execution: &str) -> String {
    let machine = execution.rsplit_once(':').map_or(execution, |(m, _)| m);
    machine.replacen(":execution:", ":stateMachine:", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_execution_gets_the_old_name_with_a_number() {
        assert_eq!(name_again("film-0a1b", 1), "film-0a1b-r1");
        assert_eq!(name_again("film-0a1b-r1", 2), "film-0a1b-r2");
        assert_eq!(name_again("film-red", 1), "film-red-r1");
        assert!(name_again(&"x".repeat(80), MAX_RESTARTS).len() <= 80);
    }

    #[test]
    fn the_state_machine_follows_from_the_arn_of_an_execution() {
        let machine = "arn:aws:states:us-east-1:1:stateMachine:reelsmith-transcode";
        assert_eq!(machine_of(&execution_arn(machine, "film-1")), machine);
    }
}
