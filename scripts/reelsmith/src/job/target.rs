//! Which deployment a command is about: the local stack of this checkout, or one in AWS.

use std::collections::BTreeMap;
use std::fmt;
use std::process::Command;
use std::sync::Arc;

use clap::Args;
use reelsmith_aws::operate::Cloud;
use reelsmith_aws::{Sdk, SystemClock};
use reelsmith_contract::Objects;
use reelsmith_core::ports::{Clock, EncodeService, ObjectStore, SubmissionStore};
use serde::Deserialize;

use crate::error::{Name, Trouble};
use crate::job::operations::Operations;
use crate::project::Project;
use crate::stack::deploy::{Deployment, Options};
use crate::stack::{self, REGION, StackState};

/// Where to look. Every command takes these and means the same by them.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Which deployment")]
pub struct Where {
    /// `local`: the local stack of this checkout. `aws`: what the usual AWS settings (AWS_PROFILE, AWS_REGION,
    /// AWS_ENDPOINT_URL …) lead to. Anything else: a folder of terraform/environments, whose outputs Terraform is asked
    /// for. Without it, the local stack where it runs, else aws.
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "REELSMITH_ENVIRONMENT",
        hide_env_values = true
    )]
    pub environment: Option<String>,
    /// Name of the deployment, with which the names of all its resources begin; `reelsmith` where not given.
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "REELSMITH_STACK",
        hide_env_values = true
    )]
    pub stack: Option<String>,
    /// A profile of the AWS configuration files.
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// The AWS region.
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
}

/// Where a deployment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the local stack of this checkout, at this endpoint.
    Local(String),
    /// At an endpoint that the AWS settings name.
    Endpoint(String),
    /// In a region of AWS.
    Aws(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(endpoint) => write!(f, "the local stack at {endpoint}"),
            Self::Endpoint(endpoint) => write!(f, "AWS settings, endpoint {endpoint}"),
            Self::Aws(region) => write!(f, "AWS, region {region}"),
        }
    }
}

/// A deployment and the means to ask it.
#[derive(Clone)]
pub struct Target {
    /// Where it is.
    pub place: Place,
    /// Name of the deployment.
    pub stack: String,
    /// Names of everything in it.
    pub names: Deployment,
    /// Executions, logs, queues, files.
    pub operations: Arc<dyn Operations>,
    /// Objects.
    pub store: Arc<dyn ObjectStore>,
    /// The submission table.
    pub submissions: Arc<dyn SubmissionStore>,
    /// MediaConvert, for a job that is cancelled.
    pub encodes: Arc<dyn EncodeService>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Target {
    /// The target of clients and names that are known.
    #[must_use]
    pub fn new(cloud: &Cloud, place: Place, stack: &str, names: Deployment) -> Self {
        Self {
            place,
            stack: stack.to_owned(),
            operations: Arc::new(cloud.clone()),
            store: Arc::new(cloud.sdk().s3()),
            submissions: Arc::new(cloud.sdk().submissions(&names.submission_table)),
            // To call off a job takes neither its role nor its queue.
            encodes: Arc::new(cloud.sdk().encodes("", "")),
            clock: Arc::new(SystemClock),
            names,
        }
    }

    /// JSON objects of the output bucket.
    #[must_use]
    pub fn outputs(&self) -> Objects {
        Objects::new(Arc::clone(&self.store), &self.names.output_bucket)
    }

    /// The line that says what is asked.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("{}, deployment {}", self.place, self.stack)
    }

    /// Whether it is the local stack.
    #[must_use]
    pub fn is_local(&self) -> bool {
        matches!(self.place, Place::Local(_))
    }

    /// The page of AWS's console that shows an execution; there is none for a stack that is not AWS.
    #[must_use]
    pub fn console_url(&self, execution_arn: &str) -> Option<String> {
        let Place::Aws(region) = &self.place else {
            return None;
        };
        Some(format!(
            "https://{region}.console.aws.amazon.com/states/home?region={region}#/v2/executions/details/{execution_arn}"
        ))
    }
}

impl Where {
    /// Finds the deployment.
    ///
    /// # Errors
    /// `StackNotRunning`, `EnvironmentUnknown`, `TerraformFailed`, `NotDeployed`, or those of the calls.
    pub async fn find(&self, project: &Project) -> Result<Target, Trouble> {
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

    /// S3 where a deployment would be looked for, for addresses of anybody's objects: there need be no deployment.
    ///
    /// # Errors
    /// `StackNotRunning`, `EnvironmentUnknown`, `TerraformFailed`, or `NotDeployed` where the AWS settings name no region.
    pub async fn storage(&self) -> Result<(Arc<dyn ObjectStore>, Place), Trouble> {
        let local = match (self.environment.as_deref(), Project::find()) {
            (None | Some("local"), Ok(project)) => stack::running(&project).await,
            _ => None,
        };
        if let Some(state) = local {
            let sdk = Sdk::emulator(&state.endpoint()).await;
            return Ok((Arc::new(sdk.s3()), Place::Local(state.endpoint())));
        }
        let region = match self.environment.as_deref() {
            Some("local") => return Err(not_running()),
            None | Some("aws") => self.region.clone(),
            Some(name) => Some(Outputs::of(&Project::find()?, name)?.region()?),
        };
        let sdk = Sdk::load_as(self.profile.as_deref(), region.as_deref()).await;
        let region = sdk.region().ok_or_else(nowhere)?;
        Ok((Arc::new(sdk.s3()), place_of(&sdk, region)))
    }

    /// Whether the commands that start the local stack may do so: nothing else was asked for.
    #[must_use]
    pub fn may_be_local(&self) -> bool {
        self.environment.as_deref().is_none_or(|e| e == "local")
    }

    /// Name of the deployment.
    #[must_use]
    pub fn stack_name(&self) -> String {
        self.stack
            .clone()
            .unwrap_or_else(|| Options::default().deployment)
    }

    fn options(&self) -> Options {
        Options {
            deployment: self.stack_name(),
            ..Options::default()
        }
    }

    async fn local(&self, project: &Project, state: &StackState) -> Result<Target, Trouble> {
        let cloud = Cloud::new(&Sdk::emulator(&state.endpoint()).await);
        let names = Deployment::of(project, &self.options(), REGION)?;
        let place = Place::Local(state.endpoint());
        let mut target = Target::new(&cloud, place, &self.stack_name(), names);
        if let Some(beside) = &state.encoder {
            let standin = Sdk::emulator(&stack::endpoint(beside.port)).await;
            target.encodes = Arc::new(standin.encodes("", ""));
        }
        Ok(target)
    }

    async fn aws(&self, project: &Project) -> Result<Target, Trouble> {
        let sdk = Sdk::load_as(self.profile.as_deref(), self.region.as_deref()).await;
        let Some(region) = sdk.region().map(str::to_owned) else {
            return Err(nowhere());
        };
        let place = place_of(&sdk, &region);
        let cloud = Cloud::new(&sdk);
        let mut names = Deployment::of(project, &self.options(), &region)?;
        let machine = names.state_machine_name().to_owned();
        // The account is part of the ARN, and only the listing tells it.
        let found = cloud.find_workflow(&machine).await?;
        names.state_machine_arn = found.ok_or_else(|| not_deployed(&machine, &place))?;
        Ok(Target::new(&cloud, place, &self.stack_name(), names))
    }

    async fn terraform(&self, project: &Project, environment: &str) -> Result<Target, Trouble> {
        let outputs = Outputs::of(project, environment)?;
        let region = outputs.region()?;
        let sdk = Sdk::load_as(self.profile.as_deref(), Some(&region)).await;
        let place = place_of(&sdk, &region);
        let (stack, names) = outputs.names(project)?;
        Ok(Target::new(&Cloud::new(&sdk), place, &stack, names))
    }
}

fn place_of(sdk: &Sdk, region: &str) -> Place {
    sdk.endpoint().map_or_else(
        || Place::Aws(region.to_owned()),
        |endpoint| Place::Endpoint(endpoint.to_owned()),
    )
}

fn not_running() -> Trouble {
    Trouble::new(
        "find the local stack",
        "expected a local stack of this checkout that answers, found none",
        "`reelsmith up` starts it",
    )
    .named(Name::StackNotRunning)
}

fn nowhere() -> Trouble {
    Trouble::new(
        "find a deployment",
        "no local stack runs, and the AWS settings name no region",
        "`reelsmith up` starts the local stack; for AWS set AWS_REGION and AWS_PROFILE, or give --region and --profile",
    )
    .named(Name::NotDeployed)
}

fn not_deployed(machine: &str, place: &Place) -> Trouble {
    Trouble::new(
        "find the deployment",
        format!("expected the state machine {machine}, found none ({place})"),
        "name the deployment with --stack, its Terraform folder with --environment, or deploy it: docs/deploy.md; for the \
         local stack, `reelsmith up`",
    )
    .named(Name::NotDeployed)
}

/// What `terraform output -json` gives: a value by name.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct Outputs(BTreeMap<String, Output>);

#[derive(Debug, Deserialize)]
struct Output {
    value: serde_json::Value,
}

impl Outputs {
    fn of(project: &Project, environment: &str) -> Result<Self, Trouble> {
        let folder = project.path("terraform/environments").join(environment);
        let plain = !environment.is_empty() && !environment.contains(['/', '\\', '.']);
        if !plain || !folder.is_dir() {
            return Err(unknown(project, environment));
        }
        let failed = |why: String| {
            Trouble::new(
                format!("read the outputs of {}", folder.display()),
                why,
                "install Terraform, then `terraform init` and `terraform apply` there: docs/deploy.md; or name the deployment \
                 with --environment aws --stack NAME, for which Terraform is not needed",
            )
            .named(Name::TerraformFailed)
        };
        let ran = Command::new("terraform")
            .arg(format!("-chdir={}", folder.display()))
            .args(["output", "-json"])
            .output();
        let ran = ran.map_err(|e| failed(format!("terraform: {e}")))?;
        if !ran.status.success() {
            return Err(failed(String::from_utf8_lossy(&ran.stderr).into_owned()));
        }
        serde_json::from_slice(&ran.stdout).map_err(|e| failed(e.to_string()))
    }

    fn text(&self, name: &str) -> Result<String, Trouble> {
        let value = self.0.get(name).and_then(|o| o.value.as_str());
        value.map(str::to_owned).ok_or_else(|| {
            Trouble::new(
                "read the outputs of Terraform",
                format!("expected the output {name}, found {:?}", self.0.keys()),
                "apply the environment with this checkout's Terraform files",
            )
            .named(Name::TerraformFailed)
        })
    }

    /// `arn:aws:states:REGION:…`.
    fn region(&self) -> Result<String, Trouble> {
        let arn = self.text("state_machine_arn")?;
        Ok(arn.split(':').nth(3).unwrap_or_default().to_owned())
    }

    fn names(&self, project: &Project) -> Result<(String, Deployment), Trouble> {
        let arn = self.text("state_machine_arn")?;
        let machine = arn.rsplit(':').next().unwrap_or_default();
        let stack = machine.rsplit_once('-').map_or(machine, |(stack, _)| stack);
        let options = Options {
            deployment: stack.to_owned(),
            ..Options::default()
        };
        let mut names = Deployment::of(project, &options, &self.region()?)?;
        names.input_bucket = self.text("input_bucket")?;
        names.output_bucket = self.text("output_bucket")?;
        names.submission_table = self.text("submission_table")?;
        let stack = stack.to_owned();
        names.state_machine_arn = arn;
        Ok((stack, names))
    }
}

fn unknown(project: &Project, environment: &str) -> Trouble {
    let folder = project.path("terraform/environments");
    let mut known = vec!["local".to_owned(), "aws".to_owned()];
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|e| e.path().is_dir());
    known.extend(folders.map(|e| e.file_name().to_string_lossy().into_owned()));
    known[2..].sort();
    Trouble::new(
        "find the deployment",
        format!(
            "expected one of {}, found {environment:?}",
            known.join(", ")
        ),
        "give one of them with --environment",
    )
    .named(Name::EnvironmentUnknown)
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
    fn a_deployment_is_found_by_what_terraform_puts_out() {
        let outputs: Outputs = serde_json::from_str(OUTPUTS).unwrap();
        assert_eq!(outputs.region().as_deref(), Ok("eu-west-1"));
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
        assert_eq!(missing.name, Name::TerraformFailed);
    }

    #[tokio::test]
    async fn an_environment_that_is_not_there_is_named_with_those_that_are() {
        let project = Project::find().unwrap();
        for name in ["prod", "../dev", ""] {
            let looked = Where {
                environment: Some(name.to_owned()),
                ..Where::default()
            };
            let trouble = looked.find(&project).await.err().unwrap();
            assert_eq!(trouble.name, Name::EnvironmentUnknown, "{trouble}");
            assert!(
                trouble.why.contains("expected one of local, aws, dev"),
                "{trouble}"
            );
        }
    }

    #[tokio::test]
    async fn the_local_stack_is_not_replaced_by_aws_where_it_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let project = Project::find().unwrap().with_root(folder.path());
        let looked = Where {
            environment: Some("local".to_owned()),
            ..Where::default()
        };
        let trouble = looked.find(&project).await.err().unwrap();
        assert_eq!(trouble.name, Name::StackNotRunning);
    }
}
