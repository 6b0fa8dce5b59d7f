//! Checks the functions: their folders, their function.yaml, the list of steps and the settings.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use reelsmith_contract::setting::Setting;
use reelsmith_contract::step::STEPS;
use serde::Deserialize;
use serde_norway::Value;

use super::tree;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Function {
    description: String,
    memory_mb: u32,
    timeout_s: u32,
    tmp_mb: u32,
    media: bool,
    environment: BTreeSet<String>,
    grants: Vec<Grant>,
    #[serde(default)]
    trigger: Option<Value>,
    #[serde(default)]
    schedule: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    actions: Vec<String>,
    resource: String,
    #[serde(default)]
    path: Option<String>,
}

/// The resources that a grant may name; terraform/environments/dev/main.tf defines the ARN of each.
const RESOURCES: &[&str] = &[
    "input_bucket",
    "output_bucket",
    "submission_table",
    "notification_topic",
    "manifest_queue",
    "state_machine",
    "mediaconvert_queue",
    "mediaconvert_jobs",
    "mediaconvert_role",
    "executions",
    "submission_indexes",
];

/// The calls that a function makes to `Clients`, and the settings that each call needs.
const CLIENTS: &[(&str, &[&str])] = &[
    (".outputs()", &["OUTPUT_BUCKET"]),
    (".submissions()", &["SUBMISSION_TABLE"]),
    (
        ".admission()",
        &["SUBMISSION_TABLE", "STATE_MACHINE_ARN", "MAX_RUNNING_JOBS"],
    ),
    (".workflow()", &["STATE_MACHINE_ARN"]),
    (".announcer()", &["NOTIFICATION_TOPIC_ARN"]),
    (
        ".encodes()",
        &["MEDIACONVERT_ROLE_ARN", "MEDIACONVERT_QUEUE_ARN"],
    ),
    (".tools()", &["FFMPEG", "FFPROBE"]),
    (
        "Clients::encoder_ports",
        &["OUTPUT_BUCKET", "FFMPEG", "FFPROBE"],
    ),
    (
        "JobDefaults::of(",
        &[
            "PROFILE",
            "QUALITY_SAMPLING",
            "ENABLE_H265",
            "ENABLE_DASH",
            "MOCK_MODE",
            "ENCODER",
            "ENCODER_BUILD",
        ],
    ),
    (
        ".encodes_if_any()",
        &["MEDIACONVERT_ROLE_ARN", "MEDIACONVERT_QUEUE_ARN"],
    ),
];

fn functions() -> BTreeMap<String, Function> {
    let yamls = tree::files("functions")
        .into_iter()
        .filter(|f| f.ends_with("function.yaml"));
    yamls
        .map(|file| {
            let name = file
                .iter()
                .nth(1)
                .and_then(|n| n.to_str())
                .expect("a folder")
                .to_owned();
            let text = tree::text(&file).expect("text");
            let function =
                serde_norway::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            (name, function)
        })
        .collect()
}

#[test]
fn folders_steps_and_packages_are_the_same_functions() {
    let steps: BTreeSet<_> = STEPS.iter().map(|s| s.function.to_owned()).collect();
    let described: BTreeSet<_> = functions().into_keys().collect();
    assert_eq!(described, steps, "function.yaml files and STEPS");
    let manifests = tree::files("functions")
        .into_iter()
        .filter(|f| f.ends_with("Cargo.toml"));
    let packages: BTreeSet<_> = manifests.map(|f| package_name(&f)).collect();
    assert_eq!(packages, steps, "packages and STEPS");
    for function in &steps {
        let main = Path::new("functions").join(function).join("src/main.rs");
        assert!(tree::text(&main).is_some(), "{} is missing", main.display());
    }
}

fn package_name(manifest: &Path) -> String {
    let text = tree::text(manifest).expect("text");
    let line = text.lines().find_map(|l| l.strip_prefix("name = "));
    line.expect("a name").trim_matches('"').to_owned()
}

#[test]
fn the_settings_of_a_function_are_within_the_limits_of_lambda() {
    for (name, function) in functions() {
        assert!(function.description.len() <= 256, "{name}");
        assert!(
            (128..=10_240).contains(&function.memory_mb),
            "{name}: {} MB",
            function.memory_mb
        );
        assert!(
            (1..=900).contains(&function.timeout_s),
            "{name}: {} s",
            function.timeout_s
        );
        assert!(
            (512..=10_240).contains(&function.tmp_mb),
            "{name}: {} MB of /tmp",
            function.tmp_mb
        );
    }
}

#[test]
fn functions_without_a_state_have_a_trigger_or_a_schedule() {
    let described = functions();
    let triggered: BTreeSet<_> = described
        .iter()
        .filter(|(_, f)| f.trigger.is_some() || f.schedule.is_some())
        .map(|(n, _)| n.as_str())
        .collect();
    let outside = STEPS
        .iter()
        .filter(|s| s.states.is_empty())
        .map(|s| s.function);
    assert_eq!(triggered, outside.collect::<BTreeSet<_>>());
}

#[test]
fn settings_are_those_of_the_contract_and_each_is_used() {
    let known: BTreeSet<_> = Setting::ALL.iter().map(|s| s.name().to_owned()).collect();
    let mut used = BTreeSet::new();
    for (name, function) in functions() {
        let unknown: Vec<_> = function.environment.difference(&known).collect();
        assert!(unknown.is_empty(), "{name}: {unknown:?}");
        used.extend(function.environment);
    }
    assert_eq!(used, known, "settings that no function.yaml lists");
}

#[test]
fn a_function_is_given_every_setting_that_its_code_reads() {
    for (name, function) in functions() {
        let sources = tree::rust_files(&format!("functions/{name}/src")).into_iter();
        let code: String = sources
            .filter(|f| !f.ends_with("tests.rs"))
            .filter_map(|f| tree::text(&f))
            .collect();
        let direct = Setting::ALL
            .iter()
            .map(|s| s.name())
            .filter(|s| reads(&code, s));
        let by_client = CLIENTS
            .iter()
            .filter(|(call, _)| code.contains(call))
            .flat_map(|(_, s)| s.iter().copied());
        for setting in direct.chain(by_client) {
            assert!(
                function.environment.contains(setting),
                "{name} reads {setting}, which its function.yaml does not list"
            );
        }
    }
}

fn reads(code: &str, setting: &str) -> bool {
    let token = format!("Setting::{setting}");
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    code.match_indices(&token)
        .any(|(at, _)| ends(&code[at + token.len()..]))
}

#[test]
fn a_function_that_runs_ffmpeg_has_the_media_layer() {
    for (name, function) in functions() {
        for program in ["FFMPEG", "FFPROBE"] {
            assert_eq!(
                function.media,
                function.environment.contains(program),
                "{name}: {program}"
            );
        }
    }
}

#[test]
fn grants_are_exact() {
    for (name, function) in functions() {
        assert!(!function.grants.is_empty(), "{name}");
        for grant in function.grants {
            assert!(
                RESOURCES.contains(&grant.resource.as_str()),
                "{name}: {}",
                grant.resource
            );
            for action in &grant.actions {
                assert!(
                    action.contains(':') && !action.contains('*'),
                    "{name}: {action}"
                );
                let objects = action.starts_with("s3:") && action != "s3:ListBucket";
                assert_eq!(
                    objects,
                    grant.path.is_some(),
                    "{name}: {action} and its path"
                );
            }
        }
    }
}
