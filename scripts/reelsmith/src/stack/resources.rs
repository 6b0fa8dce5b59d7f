//! `terraform/resources.yaml` and `functions/*/function.yaml` as types: what a deployment consists of.

use std::path::Path;

use reelsmith_aws::provision::{ManifestEvents, TableSpec};
use reelsmith_contract::setting::Setting;
use reelsmith_contract::step::STEPS;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::Trouble;
use crate::project::Project;

/// Everything besides the functions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// The buckets.
    pub buckets: Buckets,
    /// The submission table.
    pub submission_table: TableSpec,
    /// The queue between the input bucket and start-execution.
    pub manifest_queue: Queue,
    /// The topic of success, failure and duplicate messages.
    pub notification_topic: Topic,
    /// The state machine.
    pub state_machine: StateMachine,
}

/// The buckets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Buckets {
    /// Manifests, mezzanines and captions.
    pub input: InputBucket,
    /// Working files and deliverables.
    pub output: OutputBucket,
}

/// The input bucket.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputBucket {
    /// Name within the deployment.
    pub name: String,
    /// Whether old versions are kept: every read of a job is pinned to one.
    pub versioned: bool,
    /// What starts a job.
    pub notification: ManifestEvents,
}

/// The output bucket.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputBucket {
    /// Name within the deployment.
    pub name: String,
    /// Whether old versions are kept.
    pub versioned: bool,
    /// What S3 removes where nobody else did.
    pub expire: Expiry,
}

/// A lifecycle rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expiry {
    /// What the keys begin with.
    pub prefix: String,
    /// After how many days.
    pub days: u32,
}

/// A queue with its dead-letter queue.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Name within the deployment.
    pub name: String,
    /// How long a received message stays hidden.
    pub visibility_timeout_s: u32,
    /// How long a message is kept.
    pub retention_s: u32,
    /// After how many receives a message is put aside.
    pub max_receive_count: u32,
    /// Where it is put.
    pub dead_letter: DeadLetter,
}

/// A dead-letter queue.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadLetter {
    /// Name within the deployment.
    pub name: String,
    /// How long a message is kept.
    pub retention_s: u32,
}

/// A topic.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Name within the deployment.
    pub name: String,
    /// Name of a queue that the local stack subscribes to it.
    pub local_queue: String,
}

/// The state machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateMachine {
    /// Name within the deployment.
    pub name: String,
    /// Its type; only STANDARD executions have a history and may run for hours.
    #[serde(rename = "type")]
    pub kind: MachineKind,
    /// Path of its ASL within the checkout.
    pub definition: String,
}

/// Type of a state machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MachineKind {
    /// Exactly-once, up to a year, with a history.
    Standard,
}

/// A function as its `function.yaml` describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// What it does.
    pub description: String,
    /// Memory in MB, which also decides its share of processors.
    pub memory_mb: i32,
    /// Time limit in seconds.
    pub timeout_s: i32,
    /// Size of /tmp in MB.
    pub tmp_mb: i32,
    /// Whether it needs ffmpeg.
    pub media: bool,
    /// Names of its settings.
    #[serde(deserialize_with = "setting_names")]
    pub environment: Vec<Setting>,
    /// What calls it, where that is not the state machine.
    #[serde(default)]
    pub trigger: Option<Trigger>,
    /// When it is called, where the clock does: a schedule expression of EventBridge. Not by the local stack.
    #[serde(default)]
    pub schedule: Option<String>,
    /// What it may do.
    pub grants: Vec<Grant>,
}

/// A queue that calls a function.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// The queue, as a name of [`Resources`].
    pub queue: String,
    /// Messages of one call at most.
    pub batch_size: i32,
    /// How long a batch is waited for.
    pub batching_window_s: i32,
}

/// Actions on a resource, from which its role's policy is made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// IAM actions.
    pub actions: Vec<String>,
    /// The resource, as a name of [`Resources`].
    pub resource: String,
    /// What of it, appended to its ARN after a slash.
    #[serde(default)]
    pub path: Option<String>,
}

fn setting_names<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Setting>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let find = |name: String| {
        let found = Setting::ALL.iter().find(|s| s.name() == name).copied();
        found.ok_or_else(|| {
            serde::de::Error::custom(format!(
                "expected the name of a setting of shared/contract/src/setting.rs, found {name}"
            ))
        })
    };
    names.into_iter().map(find).collect()
}

impl Resources {
    /// Reads `terraform/resources.yaml`.
    ///
    /// # Errors
    /// Where it is missing or of another shape.
    pub fn read(project: &Project) -> Result<Self, Trouble> {
        read(&project.path("terraform/resources.yaml"))
    }
}

impl Function {
    /// Reads the `function.yaml` of every step, in the order of the list.
    ///
    /// # Errors
    /// Where one is missing or of another shape.
    pub fn read_all(project: &Project) -> Result<Vec<(&'static str, Self)>, Trouble> {
        let one = |name| {
            let path = project.path(format!("functions/{name}/function.yaml"));
            Ok((name, read(&path)?))
        };
        STEPS.iter().map(|step| one(step.function)).collect()
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Trouble> {
    let text = std::fs::read_to_string(path).map_err(|e| Trouble::file("read", path, &e))?;
    serde_norway::from_str(&text).map_err(|e| {
        Trouble::new(
            format!("read {}", path.display()),
            e.to_string(),
            "compare it with its types in scripts/reelsmith/src/stack/resources.rs",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_files_have_the_shape_and_every_trigger_and_grant_names_a_resource() {
        let project = Project::find().unwrap();
        let resources = Resources::read(&project).unwrap();
        assert_eq!(resources.state_machine.kind, MachineKind::Standard);
        assert!(project.path(&resources.state_machine.definition).is_file());
        // Terraform gives every resource that a grant may name its ARN, one line for each.
        let terraform = project.path("terraform/environments/dev/main.tf");
        let terraform = std::fs::read_to_string(terraform).unwrap();
        let known = |resource: &str| {
            let names = terraform.lines().filter_map(|l| l.split_once('='));
            names
                .map(|(name, _)| name.trim())
                .any(|name| name == resource)
        };
        for (name, function) in Function::read_all(&project).unwrap() {
            for grant in &function.grants {
                assert!(known(&grant.resource), "{name}: {}", grant.resource);
                assert!(!grant.actions.is_empty(), "{name}");
                assert!(grant.actions.iter().all(|a| !a.contains('*')), "{name}");
            }
            assert!(function.trigger.is_none_or(|t| t.queue == "manifest_queue"));
            assert!((1..=900).contains(&function.timeout_s), "{name}");
            let needs_tools = function.environment.contains(&Setting::FFMPEG);
            assert_eq!(
                function.media, needs_tools,
                "{name}: media and FFMPEG go together"
            );
        }
    }

    #[test]
    fn a_setting_that_does_not_exist_is_named() {
        let yaml = "description: x\nmemory_mb: 1\ntimeout_s: 1\ntmp_mb: 1\nmedia: false\nenvironment: [NO_SUCH]\ngrants: []\n";
        let error = serde_norway::from_str::<Function>(yaml).unwrap_err();
        assert!(error.to_string().contains("NO_SUCH"), "{error}");
    }
}
