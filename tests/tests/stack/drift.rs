//! Compares the local stack with what Terraform would create from the same files: functions, trigger, table, queues, buckets,
//! topic and state machine. Any difference is a failure.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Command;

use reelsmith::project::Project;
use reelsmith::stack::Stack;
use reelsmith::stack::deploy::{Options, deploy};
use reelsmith_contract::setting::Setting;

const DEPLOYMENT: &str = "drift";
/// The same values as [`SETTINGS`], as Terraform variables.
const VARIABLES: &str =
    "deployment = \"drift\"\npackages = \"packages\"\nmax_concurrency = 7\nmediaconvert = true\n";
const SETTINGS: [&str; 1] = ["MAX_CONCURRENCY=7"];
/// The exit code of scripts/plan-terraform if Terraform or the provider is missing.
const CANNOT: i32 = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_local_stack_equals_what_terraform_would_create() {
    let project = Project::find().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("variables.tfvars"), VARIABLES).unwrap();
    let planned = Command::new(project.path("scripts/plan-terraform"))
        .arg(at("state.json"))
        .arg(at("variables.tfvars"))
        .output()
        .unwrap();
    let why = String::from_utf8_lossy(&planned.stderr);
    if planned.status.code() == Some(CANNOT) {
        let line = format!("drift: SKIPPED: {why}");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return;
    }
    assert!(planned.status.success(), "{why}");

    let stack = Stack::ephemeral().await.unwrap();
    let options = Options {
        deployment: DEPLOYMENT.to_owned(),
        overrides: SETTINGS.map(|s| s.parse().unwrap()).to_vec(),
        ..Options::default()
    };
    deploy(&project, &stack.cloud().await, &options)
        .await
        .unwrap();
    let defaults: BTreeMap<_, _> = Setting::ALL
        .iter()
        .map(|s| (s.name(), s.default()))
        .collect();
    std::fs::write(
        at("defaults.json"),
        serde_json::to_string(&defaults).unwrap(),
    )
    .unwrap();
    let held = Command::new(project.path(".local/venv/bin/python"))
        .arg(project.path("terraform/check_drift.py"))
        .arg(at("state.json"))
        .args([stack.endpoint().as_str(), DEPLOYMENT])
        .arg(at("defaults.json"))
        .output()
        .unwrap();
    let (said, why) = (
        String::from_utf8_lossy(&held.stdout),
        String::from_utf8_lossy(&held.stderr),
    );
    assert!(held.status.success(), "{said}{why}");
    println!("{said}");
}
