//! The connection to a deployment: the local stack of this checkout, or one in AWS.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use clap::Args;
use reelsmith_aws::operate::Cloud;
use reelsmith_aws::{Sdk, SystemClock};
use reelsmith_contract::Objects;
use reelsmith_core::ports::{Clock, EncodeService, ListedObject, ObjectStore, SubmissionStore};
use serde::Deserialize;

use crate::error::{CallExt, CliError, ErrorCode, ResultExt};
use crate::job::operations::Operations;
use crate::project::Project;
use crate::stack::deploy::{Deployment, Options};
use crate::stack::{self, REGION, StackState};
use crate::view::text::note;

/// Options that select the deployment. They are the same for every command.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Deployment")]
pub struct DeploymentArgs {
    /// `local` for the local stack of this checkout, `aws` for the deployment that the usual AWS settings (AWS_PROFILE,
    /// AWS_REGION, AWS_ENDPOINT_URL …) lead to, or a folder of terraform/environments, whose Terraform outputs are read.
    /// Default: the local stack if it is running, else aws.
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "REELSMITH_ENVIRONMENT",
        hide_env_values = true
    )]
    pub environment: Option<String>,
    /// Name of the deployment, which is the first part of the name of every resource. Default: reelsmith.
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "REELSMITH_STACK",
        hide_env_values = true
    )]
    pub stack: Option<String>,
    /// Profile of the AWS configuration files.
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// AWS region.
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
}

/// Where the services of a deployment are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The URL of the local stack of this checkout.
    Local(String),
    /// A URL from the AWS settings.
    Custom(String),
    /// A region of AWS.
    Aws(String),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(url) => write!(f, "the local stack at {url}"),
            Self::Custom(url) => write!(f, "AWS settings, endpoint {url}"),
            Self::Aws(region) => write!(f, "AWS, region {region}"),
        }
    }
}

/// A deployment and the clients to use it.
#[derive(Clone)]
pub struct Connection {
    pub endpoint: Endpoint,
    /// Name of the deployment.
    pub stack: String,
    /// Names of its resources.
    pub names: Deployment,
    /// Executions, logs, queues, files.
    pub operations: Arc<dyn Operations>,
    pub store: Arc<dyn ObjectStore>,
    pub submissions: Arc<dyn SubmissionStore>,
    /// MediaConvert, whose job is cancelled together with ours.
    pub encodes: Arc<dyn EncodeService>,
    pub clock: Arc<dyn Clock>,
    /// The folder from which the local stack takes files without a copy.
    pub incoming: Option<PathBuf>,
}

impl Connection {
    pub fn new(cloud: &Cloud, endpoint: Endpoint, stack: &str, names: Deployment) -> Self {
        Self {
            endpoint,
            stack: stack.to_owned(),
            operations: Arc::new(cloud.clone()),
            store: Arc::new(cloud.sdk().s3()),
            submissions: Arc::new(cloud.sdk().submissions(&names.submission_table)),
            // Cancelling a MediaConvert job needs neither its role nor its queue.
            encodes: Arc::new(cloud.sdk().encodes("", "")),
            clock: Arc::new(SystemClock),
            incoming: None,
            names,
        }
    }

    /// A connection to a deployment in the local stack of a checkout.
    pub fn in_stack_of(
        project: &Project,
        cloud: &Cloud,
        state: &StackState,
        stack: &str,
        names: Deployment,
    ) -> Self {
        let endpoint = Endpoint::Local(state.endpoint());
        Self {
            incoming: Some(stack::incoming(project)),
            ..Self::new(cloud, endpoint, stack, names)
        }
    }

    /// JSON objects of the output bucket.
    pub fn outputs(&self) -> Objects {
        Objects::new(Arc::clone(&self.store), &self.names.output_bucket)
    }

    /// Endpoint and name, as one line.
    pub fn describe(&self) -> String {
        format!("{}, deployment {}", self.endpoint, self.stack)
    }

    pub fn is_local(&self) -> bool {
        matches!(self.endpoint, Endpoint::Local(_))
    }

    /// The page of an execution in the AWS console; `None` outside AWS.
    pub fn console_url(&self, execution_arn: &str) -> Option<String> {
        let Endpoint::Aws(region) = &self.endpoint else {
            return None;
        };
        Some(format!(
            "https://{region}.console.aws.amazon.com/states/home?region={region}#/v2/executions/details/{execution_arn}"
        ))
    }

    /// The objects below a prefix.
    pub async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<ListedObject>, CliError> {
        let listed = self.store.list(bucket, prefix).await;
        listed.on_call(format!("list {prefix}"))
    }

    /// The queues of manifests with the number of waiting and of received messages. Queues that do not exist are left
    /// out.
    pub async fn queue_depths(&self) -> Result<Vec<(&str, u64, u64)>, CliError> {
        let mut depths = Vec::new();
        for queue in [&self.names.manifest_queue, &self.names.dead_letter_queue] {
            if let Some((waiting, received)) = self.operations.queue_depth(queue).await? {
                depths.push((queue.as_str(), waiting, received));
            }
        }
        Ok(depths)
    }
}

impl DeploymentArgs {
    /// Connects to the selected deployment.
    ///
    /// # Errors
    /// `StackNotRunning`, `EnvironmentUnknown`, `TerraformFailed`, `NotDeployed`, or those of the calls.
    pub async fn connect(&self, project: &Project) -> Result<Connection, CliError> {
        match self.environment.as_deref() {
            Some("local") => {
                let state = stack::running(project).await.ok_or_else(not_running)?;
                self.local(project, &state).await
            }
            Some("aws") => self.aws(project).await,
            Some(name) => self.terraform(project, name).await,
            None => match stack::running(project).await {
                Some(state) => self.local(project, &state).await,
                None => self.aws(project).await,
            },
        }
    }

    /// Connects to the selected deployment and prints which one it is.
    pub async fn connect_noted(&self) -> Result<Connection, CliError> {
        let connection = self.connect(&Project::find()?).await?;
        note(&connection.describe());
        Ok(connection)
    }

    /// S3 at the selected endpoint, for objects of any bucket. No deployment has to exist there.
    ///
    /// # Errors
    /// `StackNotRunning`, `EnvironmentUnknown`, `TerraformFailed`, or `NotDeployed` if the AWS settings name no region.
    pub async fn storage(&self) -> Result<(Arc<dyn ObjectStore>, Endpoint), CliError> {
        let local = match (self.environment.as_deref(), Project::find()) {
            (None | Some("local"), Ok(project)) => stack::running(&project).await,
            _ => None,
        };
        if let Some(state) = local {
            let sdk = Sdk::emulator(&state.endpoint()).await;
            return Ok((Arc::new(sdk.s3()), Endpoint::Local(state.endpoint())));
        }
        let region = match self.environment.as_deref() {
            Some("local") => return Err(not_running()),
            None | Some("aws") => self.region.clone(),
            Some(name) => Some(TerraformOutputs::read(&Project::find()?, name)?.region()?),
        };
        let sdk = Sdk::load_as(self.profile.as_deref(), region.as_deref()).await;
        let region = sdk.region().ok_or_else(no_region)?;
        Ok((Arc::new(sdk.s3()), endpoint_of(&sdk, region)))
    }

    /// Whether a command may start the local stack: the options select no other environment.
    pub fn may_be_local(&self) -> bool {
        self.environment.as_deref().is_none_or(|e| e == "local")
    }

    pub fn stack_name(&self) -> String {
        let default = || Options::default().deployment;
        self.stack.clone().unwrap_or_else(default)
    }

    async fn local(&self, project: &Project, state: &StackState) -> Result<Connection, CliError> {
        let cloud = Cloud::new(&Sdk::emulator(&state.endpoint()).await);
        let names = Deployment::of(project, &self.stack_name(), REGION)?;
        let mut connection =
            Connection::in_stack_of(project, &cloud, state, &self.stack_name(), names);
        if let Some(standin) = &state.encoder {
            let standin = Sdk::emulator(&stack::endpoint(standin.port)).await;
            connection.encodes = Arc::new(standin.encodes("", ""));
        }
        Ok(connection)
    }

    async fn aws(&self, project: &Project) -> Result<Connection, CliError> {
        let sdk = Sdk::load_as(self.profile.as_deref(), self.region.as_deref()).await;
        let region = sdk.region().ok_or_else(no_region)?.to_owned();
        let endpoint = endpoint_of(&sdk, &region);
        let cloud = Cloud::new(&sdk);
        let mut names = Deployment::of(project, &self.stack_name(), &region)?;
        let machine = names.state_machine_name().to_owned();
        // The ARN contains the account number, which only the list of state machines contains.
        let found = cloud.find_workflow(&machine).await?;
        names.state_machine_arn = found.ok_or_else(|| not_deployed(&machine, &endpoint))?;
        Ok(Connection::new(&cloud, endpoint, &self.stack_name(), names))
    }

    async fn terraform(
        &self,
        project: &Project,
        environment: &str,
    ) -> Result<Connection, CliError> {
        let outputs = TerraformOutputs::read(project, environment)?;
        let region = outputs.region()?;
        let sdk = Sdk::load_as(self.profile.as_deref(), Some(&region)).await;
        let endpoint = endpoint_of(&sdk, &region);
        let (stack, names) = outputs.names(project)?;
        Ok(Connection::new(&Cloud::new(&sdk), endpoint, &stack, names))
    }
}

fn endpoint_of(sdk: &Sdk, region: &str) -> Endpoint {
    let custom = sdk.endpoint().map(|url| Endpoint::Custom(url.to_owned()));
    custom.unwrap_or_else(|| Endpoint::Aws(region.to_owned()))
}

fn not_running() -> CliError {
    CliError::new(
        "find the local stack",
        "the local stack of this checkout is not running, or does not answer",
        "start it with `reelsmith up`",
    )
    .with_code(ErrorCode::StackNotRunning)
}

fn no_region() -> CliError {
    CliError::new(
        "find a deployment",
        "the local stack is not running, and the AWS settings name no region",
        "start the local stack with `reelsmith up`; for AWS, set AWS_REGION and AWS_PROFILE or use --region and --profile",
    )
    .with_code(ErrorCode::NotDeployed)
}

fn not_deployed(machine: &str, endpoint: &Endpoint) -> CliError {
    CliError::new(
        "find the deployment",
        format!("expected the state machine {machine}, found none ({endpoint})"),
        "select the deployment with --stack or its Terraform folder with --environment, or deploy it: docs/deploy.md for \
         AWS, `reelsmith up` for the local stack",
    )
    .with_code(ErrorCode::NotDeployed)
}

/// The answer of `terraform output -json`, by name.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct TerraformOutputs(BTreeMap<String, TerraformOutput>);

#[derive(Debug, Deserialize)]
struct TerraformOutput {
    value: serde_json::Value,
}

impl TerraformOutputs {
    fn read(project: &Project, environment: &str) -> Result<Self, CliError> {
        let folder = project.path("terraform/environments").join(environment);
        let plain = !environment.is_empty() && !environment.contains(['/', '\\', '.']);
        if !plain || !folder.is_dir() {
            return Err(unknown_environment(project, environment));
        }
        let action = format!("read the outputs of {}", folder.display());
        let remedy = "install Terraform, then run `terraform init` and `terraform apply` there (docs/deploy.md); or select \
                      the deployment with --environment aws --stack NAME, which does not need Terraform";
        let failed =
            |why: String| CliError::new(&action, why, remedy).with_code(ErrorCode::TerraformFailed);
        let output = Command::new("terraform")
            .arg(format!("-chdir={}", folder.display()))
            .args(["output", "-json"])
            .output()
            .map_err(|e| failed(format!("terraform: {e}")).with_source(e))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        let outputs = serde_json::from_slice(&output.stdout).on_json(&action, remedy);
        outputs.map_err(|e| e.with_code(ErrorCode::TerraformFailed))
    }

    fn text(&self, name: &str) -> Result<String, CliError> {
        let value = self.0.get(name).and_then(|o| o.value.as_str());
        value.map(str::to_owned).ok_or_else(|| {
            CliError::new(
                "read the outputs of Terraform",
                format!("expected the output {name}, found {:?}", self.0.keys()),
                "apply the environment with the Terraform files of this checkout",
            )
            .with_code(ErrorCode::TerraformFailed)
        })
    }

    /// `arn:aws:states:REGION:…`.
    fn region(&self) -> Result<String, CliError> {
        let arn = self.text("state_machine_arn")?;
        Ok(arn.split(':').nth(3).unwrap_or_default().to_owned())
    }

    /// The name of the deployment and the names of its resources.
    fn names(&self, project: &Project) -> Result<(String, Deployment), CliError> {
        let arn = self.text("state_machine_arn")?;
        let machine = arn.rsplit(':').next().unwrap_or_default();
        let stack = machine.rsplit_once('-').map_or(machine, |(stack, _)| stack);
        let mut names = Deployment::of(project, stack, &self.region()?)?;
        names.input_bucket = self.text("input_bucket")?;
        names.output_bucket = self.text("output_bucket")?;
        names.submission_table = self.text("submission_table")?;
        let stack = stack.to_owned();
        names.state_machine_arn = arn;
        Ok((stack, names))
    }
}

fn unknown_environment(project: &Project, environment: &str) -> CliError {
    let folder = project.path("terraform/environments");
    let mut known = vec!["local".to_owned(), "aws".to_owned()];
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|e| e.path().is_dir());
    known.extend(folders.map(|e| e.file_name().to_string_lossy().into_owned()));
    known[2..].sort();
    CliError::new(
        "find the deployment",
        format!(
            "expected one of {}, found {environment:?}",
            known.join(", ")
        ),
        "select one of them with --environment",
    )
    .with_code(ErrorCode::EnvironmentUnknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUTS: &str = r#"{
        "input_bucket": {"sensitive": false, "type": "string", "value": "prod-input"},
        "output_bucket": {"sensitive": false, "type": "string", "value": "prod-output"},
        "submission_table": {"sensitive": false, "type": "string", "value": "prod-submissions"},
        "state_machine_arn": {"sensitive": false, "type": "string",
            "value": "arn:aws:states:eu-west-1:123456789012:stateMachine:prod-transcode"},
        "numbers": {"value": [1, 2]}
    }"#;

    #[test]
    fn terraform_outputs_name_the_resources() {
        let outputs: TerraformOutputs = serde_json::from_str(OUTPUTS).unwrap();
        assert_eq!(outputs.region().unwrap(), "eu-west-1");
        let (stack, names) = outputs.names(&Project::find().unwrap()).unwrap();
        assert_eq!(stack, "prod");
        assert_eq!(names.output_bucket, "prod-output");
        assert_eq!(names.dead_letter_queue, "prod-manifests-dead-letter");
        assert!(
            names
                .state_machine_arn
                .ends_with("123456789012:stateMachine:prod-transcode")
        );
        let missing = outputs.text("numbers").unwrap_err();
        assert_eq!(missing.code, ErrorCode::TerraformFailed);
    }

    async fn refused(environment: &str, project: &Project) -> CliError {
        let args = DeploymentArgs {
            environment: Some(environment.to_owned()),
            ..DeploymentArgs::default()
        };
        args.connect(project).await.err().unwrap()
    }

    #[tokio::test]
    async fn an_unknown_environment_is_refused_and_the_known_ones_are_listed() {
        let project = Project::find().unwrap();
        for name in ["prod", "../dev", ""] {
            let error = refused(name, &project).await;
            assert_eq!(error.code, ErrorCode::EnvironmentUnknown, "{error}");
            assert!(
                error.why.contains("expected one of local, aws, dev"),
                "{error}"
            );
        }
    }

    #[tokio::test]
    async fn environment_local_never_falls_back_to_aws() {
        let folder = tempfile::tempdir().unwrap();
        let project = Project::find().unwrap().with_root(folder.path());
        let error = refused("local", &project).await;
        assert_eq!(error.code, ErrorCode::StackNotRunning);
    }
}
