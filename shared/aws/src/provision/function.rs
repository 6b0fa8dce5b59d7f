//! Functions and their triggers.

use std::collections::BTreeMap;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    Architecture, Environment, EphemeralStorage, FunctionCode, FunctionConfiguration,
    FunctionResponseType, Runtime,
};

use crate::cloud::{Cloud, CloudError, CloudResult, Doing, if_found};

/// A function with its full name and configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionSpec {
    pub name: String,
    pub description: String,
    pub memory_mb: i32,
    pub timeout_s: i32,
    pub tmp_mb: i32,
    pub environment: BTreeMap<String, String>,
    pub role: String,
}

/// The result of provisioning a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provisioned {
    pub arn: String,
    /// Whether the function is new, or its code or configuration changed.
    pub changed: bool,
}

/// The digest by which Lambda identifies a package: the SHA-256 of the zip in base64.
pub fn code_digest(sha256: [u8; 32]) -> String {
    aws_smithy_types::base64::encode(sha256)
}

impl Cloud {
    /// Creates or updates a function. The package is uploaded only if its digest differs from the deployed one.
    pub async fn provision_function(
        &self,
        spec: &FunctionSpec,
        digest: &str,
        zip: impl FnOnce() -> std::io::Result<Vec<u8>>,
    ) -> CloudResult<Provisioned> {
        let Some(deployed) = self.configuration(&spec.name).await? else {
            let arn = self.create_function(spec, read(spec, zip)?).await?;
            return Ok(Provisioned { arn, changed: true });
        };
        let new_code = deployed.code_sha256() != Some(digest);
        let new_configuration = !same_configuration(&deployed, spec);
        if new_code {
            self.update_code(spec, read(spec, zip)?).await?;
        }
        if new_configuration {
            self.update_configuration(spec).await?;
        }
        Ok(Provisioned {
            arn: deployed.function_arn.unwrap_or_default(),
            changed: new_code || new_configuration,
        })
    }

    async fn configuration(&self, name: &str) -> CloudResult<Option<FunctionConfiguration>> {
        let found = self.lambda.get_function().function_name(name).send().await;
        let found = if_found(found.doing(format!("look at function {name}")))?;
        Ok(found.and_then(|found| found.configuration))
    }

    async fn create_function(&self, spec: &FunctionSpec, zip: Vec<u8>) -> CloudResult<String> {
        let action = format!("create function {}", spec.name);
        let code = FunctionCode::builder().zip_file(Blob::new(zip)).build();
        let created = self
            .lambda
            .create_function()
            .function_name(&spec.name)
            .description(&spec.description)
            .runtime(Runtime::from("provided.al2023"))
            .architectures(Architecture::X8664)
            .handler("bootstrap")
            .role(&spec.role)
            .code(code)
            .memory_size(spec.memory_mb)
            .timeout(spec.timeout_s)
            .ephemeral_storage(storage(spec).doing(action.as_str())?)
            .environment(environment(spec))
            .send()
            .await
            .doing(action.as_str())?;
        created
            .function_arn
            .ok_or_else(|| CloudError::new(action, "the answer has no ARN"))
    }

    async fn update_code(&self, spec: &FunctionSpec, zip: Vec<u8>) -> CloudResult<()> {
        self.lambda
            .update_function_code()
            .function_name(&spec.name)
            .zip_file(Blob::new(zip))
            .send()
            .await
            .doing(format!("update the code of function {}", spec.name))
            .map(drop)
    }

    async fn update_configuration(&self, spec: &FunctionSpec) -> CloudResult<()> {
        let action = format!("update the configuration of function {}", spec.name);
        self.lambda
            .update_function_configuration()
            .function_name(&spec.name)
            .description(&spec.description)
            .memory_size(spec.memory_mb)
            .timeout(spec.timeout_s)
            .ephemeral_storage(storage(spec).doing(action.as_str())?)
            .environment(environment(spec))
            .send()
            .await
            .doing(action)
            .map(drop)
    }

    /// Invokes a function with batches of messages of a queue. A failed message does not fail its batch.
    pub async fn provision_trigger(
        &self,
        function: &str,
        queue_arn: &str,
        batch_size: i32,
    ) -> CloudResult<()> {
        let action = format!("trigger {function} by {queue_arn}");
        let found = self
            .lambda
            .list_event_source_mappings()
            .function_name(function)
            .event_source_arn(queue_arn)
            .send()
            .await
            .doing(action.as_str())?;
        if !found.event_source_mappings().is_empty() {
            return Ok(());
        }
        self.lambda
            .create_event_source_mapping()
            .function_name(function)
            .event_source_arn(queue_arn)
            .batch_size(batch_size)
            .function_response_types(FunctionResponseType::ReportBatchItemFailures)
            .send()
            .await
            .doing(action)
            .map(drop)
    }
}

fn read(
    spec: &FunctionSpec,
    zip: impl FnOnce() -> std::io::Result<Vec<u8>>,
) -> CloudResult<Vec<u8>> {
    zip().doing(format!("read the package of function {}", spec.name))
}

fn environment(spec: &FunctionSpec) -> Environment {
    let variables = spec.environment.clone().into_iter().collect();
    Environment::builder()
        .set_variables(Some(variables))
        .build()
}

fn storage(spec: &FunctionSpec) -> Result<EphemeralStorage, aws_sdk_lambda::error::BuildError> {
    EphemeralStorage::builder().size(spec.tmp_mb).build()
}

fn same_configuration(deployed: &FunctionConfiguration, spec: &FunctionSpec) -> bool {
    let variables: BTreeMap<String, String> = deployed
        .environment()
        .and_then(|e| e.variables())
        .map(|v| v.clone().into_iter().collect())
        .unwrap_or_default();
    deployed.memory_size() == Some(spec.memory_mb)
        && deployed.timeout() == Some(spec.timeout_s)
        && deployed.description() == Some(spec.description.as_str())
        && deployed.ephemeral_storage().map(EphemeralStorage::size) == Some(spec.tmp_mb)
        && variables == spec.environment
}
