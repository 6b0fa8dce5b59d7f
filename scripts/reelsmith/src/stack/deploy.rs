//! Creates or updates everything of a deployment in a local stack. A second run changes only what has changed.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt, TryStreamExt};
use reelsmith_aws::provision::{Cloud, FunctionSpec, QueueSpec, WorkflowSpec};
use reelsmith_contract::setting::Setting;
use reelsmith_contract::step::STEPS;
use serde::{Deserialize, Serialize};

use crate::error::Trouble;
use crate::project::Project;
use crate::stack::package::Package;
use crate::stack::render::{placeholder, render};
use crate::stack::resources::{Function, Resources};
use crate::stack::settings::{Override, Values};

/// The account that MiniStack says it is.
const ACCOUNT: &str = "000000000000";
/// Packages sent at the same time.
const PARALLEL: usize = 4;

/// How to deploy.
#[derive(Clone, Debug)]
pub struct Options {
    /// Prefix of every name, so that several deployments fit into one stack.
    pub deployment: String,
    /// What the operator sets otherwise.
    pub overrides: Vec<Override>,
    /// How long a message that failed stays hidden, where that is to be shorter than deployed; for tests.
    pub visibility_timeout_s: Option<u32>,
    /// Time limit of every function, where that is to be shorter than deployed; for tests.
    pub function_timeout_s: Option<i32>,
    /// What functions have in their environment besides their settings; for tests.
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

/// A deployment: the names of everything in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Bucket of manifests, mezzanines and captions.
    pub input_bucket: String,
    /// Bucket of working files and deliverables.
    pub output_bucket: String,
    /// The submission table.
    pub submission_table: String,
    /// ARN of the topic.
    pub topic_arn: String,
    /// Queue on which everything that was announced can be read.
    pub notification_queue: String,
    /// Queue of manifests that arrived.
    pub manifest_queue: String,
    /// Queue of manifests that could not be started.
    pub dead_letter_queue: String,
    /// ARN of the state machine.
    pub state_machine_arn: String,
    /// ARN of every function.
    pub functions: BTreeMap<String, String>,
    /// What this run created or changed, by name.
    #[serde(skip)]
    pub changed: Vec<String>,
}

/// Creates or updates everything.
///
/// # Errors
/// Where a description does not fit, a function is not built, or a call fails.
pub async fn deploy(
    project: &Project,
    cloud: &Cloud,
    options: &Options,
) -> Result<Deployment, Trouble> {
    let resources = Resources::read(project)?;
    let functions = Function::read_all(project)?;
    require_built(project, &functions)?;
    let mut values = Values::of_this_machine(&options.overrides)?;
    let mut deployment = Deployment::named(&resources, &options.deployment, cloud.region());
    let queue_arn = provision_data(cloud, &resources, options, &mut deployment).await?;
    deployment.fill(&mut values, &options.deployment, cloud.region());
    let mut arns = Vec::new();
    // The state machine's ARN is known before it exists; its functions must exist before it.
    let sent = stream::iter(
        functions
            .iter()
            .map(|(name, function)| send(project, cloud, options, name, function, &values)),
    );
    let mut sent = sent.buffered(PARALLEL);
    while let Some((name, arn, changed)) = sent.try_next().await? {
        if changed {
            deployment.changed.push(name.to_owned());
        }
        arns.push((name.to_owned(), arn));
    }
    deployment.functions = arns.into_iter().collect();
    provision_workflow(project, cloud, &resources, &values, &mut deployment).await?;
    provision_triggers(cloud, &functions, &queue_arn, &deployment).await?;
    let events = &resources.buckets.input.notification;
    cloud
        .provision_events(&deployment.input_bucket, &queue_arn, events)
        .await?;
    Ok(deployment)
}

impl Deployment {
    /// The names of a deployment, without asking whether it is there. ARNs of functions and topic are left empty.
    ///
    /// # Errors
    /// Where `terraform/resources.yaml` cannot be read.
    pub fn of(project: &Project, options: &Options, region: &str) -> Result<Self, Trouble> {
        Ok(Self::named(
            &Resources::read(project)?,
            &options.deployment,
            region,
        ))
    }

    /// Name of the state machine.
    #[must_use]
    pub fn state_machine_name(&self) -> &str {
        self.state_machine_arn
            .rsplit(':')
            .next()
            .unwrap_or_default()
    }

    /// The group that a function's log lines are in.
    #[must_use]
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

    fn fill(&self, values: &mut Values, deployment: &str, region: &str) {
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

fn require_built(project: &Project, functions: &[(&str, Function)]) -> Result<(), Trouble> {
    let missing: Vec<_> = functions
        .iter()
        .map(|(name, _)| project.binary(name))
        .filter(|path| !path.is_file())
        .map(|path| path.display().to_string())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Trouble::new(
        "deploy the functions",
        format!(
            "expected {} built programs, {} are missing:\n{}",
            functions.len(),
            missing.len(),
            missing.join("\n")
        ),
        "build them with `cargo build --workspace`, or set REELSMITH_BINARIES to the folder that holds them",
    ))
}

/// Buckets, table, queues and topic; the ARN of the manifest queue.
async fn provision_data(
    cloud: &Cloud,
    resources: &Resources,
    options: &Options,
    deployment: &mut Deployment,
) -> Result<String, Trouble> {
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
    // An execution that ends says so to start-execution, which then admits the next.
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
) -> Result<(), Trouble> {
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

async fn send<'a>(
    project: &Project,
    cloud: &Cloud,
    options: &Options,
    name: &'a str,
    function: &Function,
    values: &Values,
) -> Result<(&'a str, String, bool), Trouble> {
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
        Package::of(&program, &folder).map_err(|e| Trouble::file("pack", &program, &e))
    });
    let packed = packed
        .await
        .map_err(|e| Trouble::new("pack a function", e.to_string(), "run it again"))??;
    let done = cloud
        .provision_function(&spec, &packed.digest, || std::fs::read(&packed.path))
        .await?;
    Ok((name, done.arn, done.changed))
}

/// Nobody checks roles in a local stack, but every function and state machine names one.
fn role(of: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{of}")
}

async fn provision_workflow(
    project: &Project,
    cloud: &Cloud,
    resources: &Resources,
    values: &Values,
    deployment: &mut Deployment,
) -> Result<(), Trouble> {
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
        return Err(Trouble::new(
            "deploy the state machine",
            why,
            "start afresh: `reelsmith down`, `reelsmith up`",
        ));
    }
    if changed {
        deployment.changed.push("state machine".to_owned());
    }
    Ok(())
}

fn template(project: &Project, resources: &Resources) -> Result<String, Trouble> {
    let path = project.path(&resources.state_machine.definition);
    std::fs::read_to_string(&path).map_err(|e| Trouble::file("read", &path, &e))
}

fn placeholders(
    deployment: &Deployment,
    values: &Values,
) -> Result<BTreeMap<String, String>, Trouble> {
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

/// The ASL as a local deployment of this name would get it, without deploying it.
///
/// # Errors
/// Where a description or the template does not fit.
pub fn rendered(project: &Project, options: &Options, region: &str) -> Result<String, Trouble> {
    let resources = Resources::read(project)?;
    let values = Values::of_this_machine(&options.overrides)?;
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
) -> Result<(), Trouble> {
    for (name, function) in functions {
        if let (Some(trigger), Some(arn)) = (&function.trigger, deployment.functions.get(*name)) {
            cloud
                .provision_trigger(arn, queue_arn, trigger.batch_size)
                .await?;
        }
    }
    Ok(())
}
