//! The resources of a deployment: `terraform/resources.yaml` and `functions/*/function.yaml` as types.

use std::path::Path;

use reelsmith_aws::provision::{ManifestEvents, TableSpec};
use reelsmith_contract::setting::Setting;
use reelsmith_contract::step::STEPS;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{CliError, ResultExt};
use crate::project::Project;

/// Everything besides the functions. Names are without the name of the deployment.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    pub buckets: Buckets,
    pub submission_table: TableSpec,
    /// The queue between the input bucket and start-execution.
    pub manifest_queue: Queue,
    /// The topic of success, failure and duplicate messages.
    pub notification_topic: Topic,
    pub state_machine: StateMachine,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Buckets {
    /// Manifests, mezzanines and captions.
    pub input: InputBucket,
    /// Working files and deliverables.
    pub output: OutputBucket,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputBucket {
    pub name: String,
    /// Whether old versions are kept, because a job reads one fixed version.
    pub versioned: bool,
    /// The events that start a job.
    pub notification: ManifestEvents,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputBucket {
    pub name: String,
    pub versioned: bool,
    /// What S3 removes if the pipeline did not.
    pub expire: Expiry,
}

/// A lifecycle rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expiry {
    pub prefix: String,
    pub days: u32,
}

/// A queue with its dead-letter queue.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    pub name: String,
    /// Seconds for which a received message stays hidden.
    pub visibility_timeout_s: u32,
    /// Seconds for which a message is kept.
    pub retention_s: u32,
    /// Number of receives after which a message moves to the dead-letter queue.
    pub max_receive_count: u32,
    pub dead_letter: DeadLetter,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadLetter {
    pub name: String,
    /// Seconds for which a message is kept.
    pub retention_s: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    pub name: String,
    /// Name of the queue that the local stack subscribes to the topic.
    pub local_queue: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateMachine {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: MachineKind,
    /// Path of its ASL within the checkout.
    pub definition: String,
}

/// Type of a state machine. Only STANDARD executions have a history and can run for hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MachineKind {
    Standard,
}

/// A function, as its `function.yaml` describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    pub description: String,
    /// Memory in MB, which also determines its share of a processor.
    pub memory_mb: i32,
    pub timeout_s: i32,
    /// Size of /tmp in MB.
    pub tmp_mb: i32,
    /// Whether it needs ffmpeg.
    pub media: bool,
    /// The settings in its environment.
    #[serde(deserialize_with = "settings")]
    pub environment: Vec<Setting>,
    /// The queue that calls it, if the state machine does not.
    #[serde(default)]
    pub trigger: Option<Trigger>,
    /// A schedule expression of EventBridge, if a schedule calls it. The local stack ignores it.
    #[serde(default)]
    pub schedule: Option<String>,
    /// What its role allows.
    pub grants: Vec<Grant>,
}

/// A queue that calls a function.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// The queue, as a name of [`Resources`].
    pub queue: String,
    /// Most messages of one call.
    pub batch_size: i32,
    /// Seconds to wait for a full batch.
    pub batching_window_s: i32,
}

/// Allowed actions on a resource, from which the policy of the role is made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// IAM actions.
    pub actions: Vec<String>,
    /// The resource, as a name of [`Resources`].
    pub resource: String,
    /// A part of the resource, appended to its ARN after a slash.
    #[serde(default)]
    pub path: Option<String>,
}

fn settings<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Setting>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let find = |name: String| {
        let found = Setting::ALL.iter().find(|s| s.name() == name).copied();
        found.ok_or_else(|| {
            serde::de::Error::custom(format!(
                "expected a setting of shared/contract/src/setting.rs, found {name}"
            ))
        })
    };
    names.into_iter().map(find).collect()
}

impl Resources {
    pub fn read(project: &Project) -> Result<Self, CliError> {
        read(&project.path("terraform/resources.yaml"))
    }
}

impl Function {
    /// Reads the `function.yaml` of every step, in the order of [`STEPS`].
    pub fn read_all(project: &Project) -> Result<Vec<(&'static str, Self)>, CliError> {
        let one = |name| {
            let path = project.path(format!("functions/{name}/function.yaml"));
            Ok((name, read(&path)?))
        };
        STEPS.iter().map(|step| one(step.function)).collect()
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, CliError> {
    let text = std::fs::read_to_string(path).on_file("read", path)?;
    serde_norway::from_str(&text).map_err(|e| {
        CliError::new(
            format!("read {}", path.display()),
            e.to_string(),
            "compare it with its type in scripts/reelsmith/src/stack/resources.rs",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_files_are_valid_and_every_trigger_and_grant_names_a_resource() {
        let project = Project::find().unwrap();
        let resources = Resources::read(&project).unwrap();
        assert_eq!(resources.state_machine.kind, MachineKind::Standard);
        assert!(project.path(&resources.state_machine.definition).is_file());
        // One line for each resource that a grant can name, with its ARN.
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
    fn an_unknown_setting_is_an_error_that_names_it() {
        let yaml = "description: x\nmemory_mb: 1\ntimeout_s: 1\ntmp_mb: 1\nmedia: false\nenvironment: [NO_SUCH]\ngrants: []\n";
        let error = serde_norway::from_str::<Function>(yaml).unwrap_err();
        assert!(error.to_string().contains("NO_SUCH"), "{error}");
    }
}
