//! Executions in Step Functions.

use async_trait::async_trait;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::types::ExecutionStatus;
use reelsmith_core::ports::{
    PortError, PortErrorKind, PortResult, Started, Workflow, is_execution_name,
};

use crate::error::port_error;

/// The ARN of the execution with that name of a state machine.
pub fn execution_arn(machine: &str, name: &str) -> String {
    format!(
        "{}:{name}",
        machine.replacen(":stateMachine:", ":execution:", 1)
    )
}

/// The state machine behind the [`Workflow`] port.
#[derive(Clone, Debug)]
pub struct StepFunctions {
    client: Client,
    state_machine_arn: String,
}

impl StepFunctions {
    /// Executions of the state machine with this ARN.
    pub fn new(client: Client, state_machine_arn: impl Into<String>) -> Self {
        Self {
            client,
            state_machine_arn: state_machine_arn.into(),
        }
    }
}

#[async_trait]
impl Workflow for StepFunctions {
    /// If an execution with the same name and input runs already, AWS answers with its ARN. The result is
    /// [`Started::New`], although this call did not start it.
    async fn start(&self, name: &str, input: &str) -> PortResult<Started> {
        let resource = format!("{} execution {name}", self.state_machine_arn);
        if !is_execution_name(name) {
            let detail = format!(
                "StartExecution {resource}: expected a name of 1 to 80 letters, digits, hyphens and underscores"
            );
            return Err(PortError::new(PortErrorKind::Invalid, detail));
        }
        // An emulator would start it, so the check is made here.
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(input) {
            let detail = format!("StartExecution {resource}: expected JSON input: {error}");
            return Err(PortError::new(PortErrorKind::Invalid, detail));
        }
        let answer = self
            .client
            .start_execution()
            .state_machine_arn(&self.state_machine_arn)
            .name(name)
            .input(input)
            .send()
            .await;
        match answer {
            Ok(started) => Ok(Started::New(started.execution_arn)),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_execution_already_exists()) =>
            {
                Ok(Started::Existing)
            }
            Err(error) => Err(port_error(&resource, error)),
        }
    }

    async fn has_ended(&self, execution: &str) -> PortResult<Option<bool>> {
        let status = self.status(execution).await?;
        Ok(status.map(|status| status != ExecutionStatus::Running))
    }

    async fn has_timed_out(&self, execution: &str) -> PortResult<bool> {
        Ok(self.status(execution).await? == Some(ExecutionStatus::TimedOut))
    }
}

impl StepFunctions {
    /// The status of the execution with this ARN or name; `None` if there is none.
    async fn status(&self, execution: &str) -> PortResult<Option<ExecutionStatus>> {
        let arn = if execution.starts_with("arn:") {
            execution.to_owned()
        } else {
            execution_arn(&self.state_machine_arn, execution)
        };
        let request = self.client.describe_execution().execution_arn(&arn);
        match request.send().await {
            Ok(found) => Ok(Some(found.status)),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_execution_does_not_exist()) =>
            {
                Ok(None)
            }
            Err(error) => Err(port_error(&arn, error)),
        }
    }
}
