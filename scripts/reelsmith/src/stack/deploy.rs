//! Deploying to a local stack: creates or updates every resource. A second run changes only what differs.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt, TryStreamExt};
use reelsmith_aws::provision::{Cloud, FunctionSpec, QueueSpec, WorkflowSpec};
use reelsmith_contract::setting::Setting;
use reelsmith_contract::step::STEPS;
use serde::{Deserialize, Serialize};

use crate::error::{CliError, ResultExt};
use crate::project::Project;
use crate::stack::package::Package;
use crate::stack::render::{placeholder, render};
use crate::stack::resources::{Function, Resources};
use crate::stack::settings::{SettingOverride, SettingValues};

/// The account number of MiniStack.
const ACCOUNT: &str = "000000000000";
/// Functions that are uploaded at the same time.
const PARALLEL: usize = 4;

#[derive(Clone, Debug)]
pub struct Options {
    /// First part of every name, so that one stack can contain several deployments.
    pub deployment: String,
    pub overrides: Vec<SettingOverride>,
    /// For tests: seconds for which a received manifest stays hidden, instead of the described ones.
    pub visibility_timeout_s: Option<u32>,
    /// For tests: an upper limit for the timeout of every function, in seconds.
    pub function_timeout_s: Option<i32>,
    /// For tests: additional environment variables of every function.
    pub function_environment: BTreeMap<String, String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            deployment: "reelsmith".to_owned(),
            overrides: Vec::new(),
            visibility_timeout_s: None,
            function_timeout_s: None,
            function_environment: BTreeMap::new(),
        }
    }
}

/// The names of the resources of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Bucket of manifests, mezzanines and captions.
    pub input_bucket: String,
    /// Bucket of working files and deliverables.
    pub output_bucket: String,
    pub submission_table: String,
    pub topic_arn: String,
    /// Queue that receives every notification.
    pub notification_queue: String,
    /// Queue of manifests that arrived.
    pub manifest_queue: String,
    /// Queue of manifests that could not be started.
    pub dead_letter_queue: String,
    pub state_machine_arn: String,
    /// ARN of each function.
    pub functions: BTreeMap<String, String>,
    /// Names of the functions and of the state machine that this run created or changed.
    #[serde(skip)]
    pub changed: Vec<String>,
}

/// Creates or updates every resource.
pub async fn deploy(
    project: &Project,
    cloud: &Cloud,
    options: &Options,
) -> Result<Deployment, CliError> {
    let resources = Resources::read(project)?;
    let functions = Function::read_all(project)?;
    require_built(project, &functions)?;
    let mut values = SettingValues::of_this_machine(project, &options.overrides)?;
    let mut deployment = Deployment::named(&resources, &options.deployment, cloud.region());
    let queue_arn = provision_data(cloud, &resources, options, &mut deployment).await?;
    deployment.fill_in(&mut values, &options.deployment, cloud.region());
    // The functions need the ARN of the state machine, which is known before it exists. They must exist before it.
    let provisioned = stream::iter(functions.iter().map(|(name, function)| {
        provision_function(project, cloud, options, name, function, &values)
    }));
    let mut provisioned = provisioned.buffered(PARALLEL);
    while let Some((name, arn, changed)) = provisioned.try_next().await? {
        if changed {
            deployment.changed.push(name.to_owned());
        }
        deployment.functions.insert(name.to_owned(), arn);
    }
    provision_workflow(project, cloud, &resources, &values, &mut deployment).await?;
    provision_triggers(cloud, &functions, &queue_arn, &deployment).await?;
    let events = &resources.buckets.input.notification;
    cloud
        .provision_events(&deployment.input_bucket, &queue_arn, events)
        .await?;
    Ok(deployment)
}

impl Deployment {
    /// The names of a deployment, which need not exist. The ARNs of functions and topic are empty.
    pub fn of(project: &Project, deployment: &str, region: &str) -> Result<Self, CliError> {
        Ok(Self::named(&Resources::read(project)?, deployment, region))
    }

    pub fn state_machine_name(&self) -> &str {
        self.state_machine_arn
            .rsplit(':')
            .next()
            .unwrap_or_default()
    }

    pub fn log_group(&self, function: &str) -> String {
        let machine = self.state_machine_name();
        let deployment = machine.rsplit_once('-').map_or(machine, |(d, _)| d);
        format!("/aws/lambda/{deployment}-{function}")
    }

    fn named(resources: &Resources, deployment: &str, region: &str) -> Self {
        let full = |name: &str| format!("{deployment}-{name}");
        let machine = full(&resources.state_machine.name);
        Self {
            input_bucket: full(&resources.buckets.input.name),
            output_bucket: full(&resources.buckets.output.name),
            submission_table: full(&resources.submission_table.name),
            topic_arn: String::new(),
            notification_queue: full(&resources.notification_topic.local_queue),
            manifest_queue: full(&resources.manifest_queue.name),
            dead_letter_queue: full(&resources.manifest_queue.dead_letter.name),
            state_machine_arn: format!("arn:aws:states:{region}:{ACCOUNT}:stateMachine:{machine}"),
            functions: BTreeMap::new(),
            changed: Vec::new(),
        }
    }

    fn fill_in(&self, values: &mut SettingValues, deployment: &str, region: &str) {
        values.set(Setting::INPUT_BUCKET, &self.input_bucket);
        values.set(Setting::OUTPUT_BUCKET, &self.output_bucket);
        values.set(Setting::SUBMISSION_TABLE, &self.submission_table);
        values.set(Setting::NOTIFICATION_TOPIC_ARN, &self.topic_arn);
        values.set(Setting::STATE_MACHINE_ARN, &self.state_machine_arn);
        let name = format!("{deployment}-mediaconvert");
        let queue = format!("arn:aws:mediaconvert:{region}:{ACCOUNT}:queues/{name}");
        values.set(Setting::MEDIACONVERT_QUEUE_ARN, queue);
        values.set(Setting::MEDIACONVERT_ROLE_ARN, role(&name));
    }
}

fn require_built(project: &Project, functions: &[(&str, Function)]) -> Result<(), CliError> {
    let missing: Vec<_> = functions
        .iter()
        .map(|(name, _)| project.binary(name))
        .filter(|path| !path.is_file())
        .map(|path| path.display().to_string())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(CliError::new(
        "deploy the functions",
        format!(
            "expected {} built functions, {} are missing:\n{}",
            functions.len(),
            missing.len(),
            missing.join("\n")
        ),
        "build them with `cargo build --workspace`, or set REELSMITH_BINARIES to their folder",
    ))
}

/// Creates buckets, table, queues and topic; returns the ARN of the manifest queue.
async fn provision_data(
    cloud: &Cloud,
    resources: &Resources,
    options: &Options,
    deployment: &mut Deployment,
) -> Result<String, CliError> {
    let buckets = &resources.buckets;
    cloud
        .provision_bucket(&deployment.input_bucket, buckets.input.versioned)
        .await?;
    cloud
        .provision_bucket(&deployment.output_bucket, buckets.output.versioned)
        .await?;
    let mut table = resources.submission_table.clone();
    table.name.clone_from(&deployment.submission_table);
    cloud.provision_table(&table).await?;
    let queue = &resources.manifest_queue;
    let dead_letters = QueueSpec {
        name: deployment.dead_letter_queue.clone(),
        visibility_timeout_s: 30,
        retention_s: queue.dead_letter.retention_s,
        dead_letter: None,
    };
    let dead_letters = cloud.provision_queue(&dead_letters).await?;
    let manifests = QueueSpec {
        name: deployment.manifest_queue.clone(),
        visibility_timeout_s: options
            .visibility_timeout_s
            .unwrap_or(queue.visibility_timeout_s),
        retention_s: queue.retention_s,
        dead_letter: Some((dead_letters, queue.max_receive_count)),
    };
    let manifests = cloud.provision_queue(&manifests).await?;
    provision_notifications(cloud, resources, options, deployment).await?;
    // The notification of an execution that ends wakes start-execution, which then admits the next job.
    cloud
        .provision_subscription(&deployment.topic_arn, &manifests)
        .await?;
    Ok(manifests)
}

async fn provision_notifications(
    cloud: &Cloud,
    resources: &Resources,
    options: &Options,
    deployment: &mut Deployment,
) -> Result<(), CliError> {
    let name = format!(
        "{}-{}",
        options.deployment, resources.notification_topic.name
    );
    deployment.topic_arn = cloud.provision_topic(&name).await?;
    let queue = QueueSpec {
        name: deployment.notification_queue.clone(),
        visibility_timeout_s: 30,
        retention_s: resources.manifest_queue.retention_s,
        dead_letter: None,
    };
    let queue = cloud.provision_queue(&queue).await?;
    cloud
        .provision_subscription(&deployment.topic_arn, &queue)
        .await?;
    Ok(())
}

/// Packs and uploads a function; returns its ARN and whether anything changed.
async fn provision_function<'a>(
    project: &Project,
    cloud: &Cloud,
    options: &Options,
    name: &'a str,
    function: &Function,
    values: &SettingValues,
) -> Result<(&'a str, String, bool), CliError> {
    let mut environment = values.environment(&function.environment)?;
    environment.extend(options.function_environment.clone());
    let limit = options.function_timeout_s.unwrap_or(i32::MAX);
    let spec = FunctionSpec {
        name: format!("{}-{name}", options.deployment),
        description: function.description.clone(),
        memory_mb: function.memory_mb,
        timeout_s: limit.min(function.timeout_s),
        tmp_mb: function.tmp_mb,
        environment,
        role: role(name),
    };
    let (program, folder) = (project.binary(name), project.local("packages"));
    let packed = tokio::task::spawn_blocking(move || {
        Package::of(&program, &folder).on_file("pack", &program)
    });
    let packed = packed
        .await
        .map_err(|e| CliError::new("pack a function", e.to_string(), "run the command again"))??;
    let done = cloud
        .provision_function(&spec, &packed.digest, || std::fs::read(&packed.path))
        .await?;
    Ok((name, done.arn, done.changed))
}

/// A role. A local stack does not check roles, but functions and state machines must have one.
fn role(of: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{of}")
}

async fn provision_workflow(
    project: &Project,
    cloud: &Cloud,
    resources: &Resources,
    values: &SettingValues,
    deployment: &mut Deployment,
) -> Result<(), CliError> {
    let template = template(project, resources)?;
    let definition = render(&template, &placeholders(deployment, values)?)?;
    let spec = WorkflowSpec {
        name: deployment.state_machine_name().to_owned(),
        definition,
        role: role("state-machine"),
    };
    let (arn, changed) = cloud.provision_workflow(&spec).await?;
    if arn != deployment.state_machine_arn {
        let why = format!(
            "expected the state machine {}, found {arn}",
            deployment.state_machine_arn
        );
        return Err(CliError::new(
            "deploy the state machine",
            why,
            "restart the stack: `reelsmith down`, then `reelsmith up`",
        ));
    }
    if changed {
        deployment.changed.push("state machine".to_owned());
    }
    Ok(())
}

fn template(project: &Project, resources: &Resources) -> Result<String, CliError> {
    let path = project.path(&resources.state_machine.definition);
    std::fs::read_to_string(&path).on_file("read", &path)
}

fn placeholders(
    deployment: &Deployment,
    values: &SettingValues,
) -> Result<BTreeMap<String, String>, CliError> {
    let mut placeholders = BTreeMap::new();
    for step in STEPS.iter().filter(|s| !s.states.is_empty()) {
        let arn = deployment
            .functions
            .get(step.function)
            .cloned()
            .unwrap_or_default();
        placeholders.insert(placeholder(step.function), arn);
    }
    placeholders.insert("output_bucket".to_owned(), deployment.output_bucket.clone());
    let concurrency = values.get(Setting::MAX_CONCURRENCY)?;
    placeholders.insert("max_concurrency".to_owned(), concurrency.to_owned());
    Ok(placeholders)
}

/// The ASL of a local deployment with these options, without deploying it.
pub fn rendered(project: &Project, options: &Options, region: &str) -> Result<String, CliError> {
    let resources = Resources::read(project)?;
    let values = SettingValues::of_this_machine(project, &options.overrides)?;
    let mut deployment = Deployment::named(&resources, &options.deployment, region);
    deployment.functions = STEPS
        .iter()
        .map(|s| {
            let name = format!("{}-{}", options.deployment, s.function);
            let arn = format!("arn:aws:lambda:{region}:{ACCOUNT}:function:{name}");
            (s.function.to_owned(), arn)
        })
        .collect();
    render(
        &template(project, &resources)?,
        &placeholders(&deployment, &values)?,
    )
}

async fn provision_triggers(
    cloud: &Cloud,
    functions: &[(&str, Function)],
    queue_arn: &str,
    deployment: &Deployment,
) -> Result<(), CliError> {
    for (name, function) in functions {
        if let (Some(trigger), Some(arn)) = (&function.trigger, deployment.functions.get(*name)) {
            cloud
                .provision_trigger(arn, queue_arn, trigger.batch_size)
                .await?;
        }
    }
    Ok(())
}
