//! The local stack: it starts once, deployments change only what differs, and no process remains.
#![allow(
    clippy::disallowed_methods,
    reason = "a test reads its options from the environment and starts programs"
)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use reelsmith::stack::deploy::{Options, deploy};
use reelsmith::stack::{self, Stack};
use reelsmith::{CliError, Project};
use reelsmith_aws::Sdk;
use reelsmith_aws::operate::Cloud;
use reelsmith_aws::provision::{FunctionSpec, QueueSpec};
use reelsmith_contract::step::STEPS;
use reelsmith_core::ports::ObjectStore as _;

/// Waits until a condition holds.
async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds().await {
        assert!(Instant::now() < end, "not within a minute: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// Whether the stack at a port has the bucket of the test below.
async fn holds_bucket(port: u16) -> bool {
    let sdk = Sdk::emulator(&stack::endpoint(port)).await;
    sdk.s3().list("some-bucket", "").await.is_ok()
}

fn executable(path: &Path, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, script).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn functions(folder: &Path) -> Project {
    for step in STEPS {
        executable(
            &folder.join(step.function),
            &format!("#!/bin/sh\n# {}\nexit 1\n", step.function),
        );
    }
    Project::find().unwrap().with_binaries(folder)
}

#[tokio::test]
async fn an_ephemeral_stack_ends_when_it_is_dropped() {
    let stack = Stack::ephemeral().await.unwrap();
    let (port, stack_folder) = (stack.port(), stack.folder().to_path_buf());
    stack
        .cloud()
        .await
        .provision_bucket("some-bucket", true)
        .await
        .unwrap();
    assert!(holds_bucket(port).await);
    drop(stack);
    // The stack of another test may use the port by now, but it does not have this bucket.
    assert!(!holds_bucket(port).await);
    assert!(!stack_folder.exists());
}

/// The next test runs this in another process.
#[tokio::test]
#[ignore = "waits to be killed by an_ephemeral_stack_ends_when_its_owner_is_killed"]
async fn owner() {
    let stack = Stack::ephemeral().await.unwrap();
    println!("stack {} {}", stack.port(), stack.folder().display());
    tokio::time::sleep(Duration::from_secs(120)).await;
}

#[tokio::test]
async fn an_ephemeral_stack_ends_when_its_owner_is_killed() {
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["owner", "--exact", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    // The test harness may print before it on the same line.
    let printed = lines
        .map_while(Result::ok)
        .find_map(|l| Some(l.split_once("stack ")?.1.to_owned()));
    let printed = printed.expect("the owner prints port and folder of its stack");
    let (port, stack_folder) = printed.split_once(' ').unwrap();
    let (port, stack_folder) = (port.parse().unwrap(), Path::new(stack_folder));
    assert!(stack_folder.is_dir());
    assert!(listens(port));
    owner.kill().unwrap();
    owner.wait().unwrap();
    eventually("the orphaned stack ends", async || !listens(port)).await;
    eventually("its folder goes", async || !stack_folder.exists()).await;
}

/// Starts a function that never answers, and returns its process id.
async fn start_endless_function(cloud: &Cloud, folder: &Path) -> i32 {
    let note = folder.join("pid");
    let program = folder.join("endless");
    executable(
        &program,
        &format!(
            "#!/bin/sh\necho $$ > {0}.new; mv {0}.new {0}\nexec sleep 600\n",
            note.display()
        ),
    );
    let package = reelsmith::stack::package::Package::of(&program, folder).unwrap();
    let spec = FunctionSpec {
        name: "endless".into(),
        description: String::new(),
        memory_mb: 128,
        timeout_s: 600,
        tmp_mb: 512,
        environment: [].into(),
        role: "arn:aws:iam::000000000000:role/test".into(),
    };
    let read = || std::fs::read(&package.path);
    let arn = cloud
        .provision_function(&spec, &package.digest, read)
        .await
        .unwrap()
        .arn;
    let queue = QueueSpec {
        name: "endless".into(),
        visibility_timeout_s: 900,
        retention_s: 3600,
        dead_letter: None,
    };
    let queue_arn = cloud.provision_queue(&queue).await.unwrap();
    cloud.provision_trigger(&arn, &queue_arn, 1).await.unwrap();
    let url = cloud.queue_url("endless").await.unwrap().unwrap();
    cloud.send_message(&url, "{}").await.unwrap();
    eventually("the function starts", async || note.is_file()).await;
    std::fs::read_to_string(note)
        .unwrap()
        .trim()
        .parse()
        .unwrap()
}

fn alive(pid: i32) -> bool {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::test_kill_process(pid).is_ok()
}

#[tokio::test]
async fn the_persistent_stack_starts_once_and_ends_with_its_processes() {
    let folder = tempfile::tempdir().unwrap();
    let project = Project::find().unwrap().with_root(folder.path());
    let lock = stack::lock(&project).unwrap();
    assert!(stack::running(&project).await.is_none());
    let (first, fresh) = stack::up(&project).await.unwrap();
    assert!(fresh);
    let (second, fresh) = stack::up(&project).await.unwrap();
    assert!(!fresh);
    assert_eq!(first, second);
    assert_eq!(stack::running(&project).await.as_ref(), Some(&first));
    let cloud = Cloud::new(&Sdk::emulator(&first.endpoint()).await);
    let function = start_endless_function(&cloud, folder.path()).await;
    assert!(alive(function));
    assert!(stack::down(&project).await.unwrap());
    assert!(!listens(first.port));
    eventually("the function ends", async || !alive(function)).await;
    assert!(!stack::down(&project).await.unwrap());
    assert!(stack::running(&project).await.is_none());
    drop(lock);
}

#[tokio::test]
async fn a_second_deployment_changes_only_what_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let project = functions(folder.path());
    let stack = Stack::ephemeral().await.unwrap();
    let cloud = stack.cloud().await;
    let options = Options::default();
    let first = deploy(&project, &cloud, &options).await.unwrap();
    assert_eq!(first.changed.len(), STEPS.len() + 1, "{:?}", first.changed);
    let again = deploy(&project, &cloud, &options).await.unwrap();
    assert_eq!(again.changed, [""; 0]);
    executable(
        &folder.path().join("notify"),
        "#!/bin/sh\n# another\nexit 2\n",
    );
    let third = deploy(&project, &cloud, &options).await.unwrap();
    assert_eq!(third.changed, ["notify"]);
    let options = Options {
        overrides: vec!["MAX_CONCURRENCY=31".parse().unwrap()],
        ..options
    };
    let fourth = deploy(&project, &cloud, &options).await.unwrap();
    assert_eq!(fourth.changed, ["plan-chunks", "state machine"]);
}

#[tokio::test]
async fn a_function_that_is_not_built_is_reported_before_anything_is_deployed() {
    let folder = tempfile::tempdir().unwrap();
    let project = functions(folder.path());
    std::fs::remove_file(folder.path().join("notify")).unwrap();
    // No server listens here, so a call would fail differently.
    let cloud = Cloud::new(&Sdk::emulator("http://127.0.0.1:1").await);
    let error: CliError = deploy(&project, &cloud, &Options::default())
        .await
        .unwrap_err();
    assert!(
        error.why.contains(" built functions, 1 are missing"),
        "{error}"
    );
    assert!(
        error.why.contains("notify") && error.remedy.contains("cargo build"),
        "{error}"
    );
}
