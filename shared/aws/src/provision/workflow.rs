//! State machines.

use aws_sdk_sfn::types::StateMachineType;

use crate::cloud::{Cloud, CloudResult, Doing};

/// A state machine of type STANDARD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowSpec {
    pub name: String,
    pub definition: String,
    pub role: String,
}

impl Cloud {
    /// Creates or updates a state machine; returns its ARN and whether it is new or changed. Running executions keep the
    /// definition that they were started with.
    pub async fn provision_workflow(&self, spec: &WorkflowSpec) -> CloudResult<(String, bool)> {
        let Some(arn) = self.find_workflow(&spec.name).await? else {
            return Ok((self.create_workflow(spec).await?, true));
        };
        let deployed = self
            .sfn
            .describe_state_machine()
            .state_machine_arn(&arn)
            .send()
            .await
            .doing(format!("describe state machine {}", spec.name))?;
        if deployed.definition() == spec.definition && deployed.role_arn() == spec.role {
            return Ok((arn, false));
        }
        self.sfn
            .update_state_machine()
            .state_machine_arn(&arn)
            .definition(&spec.definition)
            .role_arn(&spec.role)
            .send()
            .await
            .doing(format!("update state machine {}", spec.name))?;
        Ok((arn, true))
    }

    /// The ARN of the state machine with that name.
    pub async fn find_workflow(&self, name: &str) -> CloudResult<Option<String>> {
        let mut pages = self.sfn.list_state_machines().into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.doing(format!("look for state machine {name}"))?;
            if let Some(found) = page.state_machines().iter().find(|m| m.name() == name) {
                return Ok(Some(found.state_machine_arn().to_owned()));
            }
        }
        Ok(None)
    }

    /// The deployed definition of a state machine.
    pub async fn definition(&self, arn: &str) -> CloudResult<String> {
        let found = self
            .sfn
            .describe_state_machine()
            .state_machine_arn(arn)
            .send()
            .await;
        let found = found.doing(format!("describe state machine {arn}"))?;
        Ok(found.definition)
    }

    async fn create_workflow(&self, spec: &WorkflowSpec) -> CloudResult<String> {
        let created = self
            .sfn
            .create_state_machine()
            .name(&spec.name)
            .definition(&spec.definition)
            .role_arn(&spec.role)
            .r#type(StateMachineType::Standard)
            .send()
            .await
            .doing(format!("create state machine {}", spec.name))?;
        Ok(created.state_machine_arn)
    }
}
