//! A deployed local stack for each suite, and the operations of a test on it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use reelsmith::project::Project;
use reelsmith::stack::deploy::{Deployment, Options, deploy};
use reelsmith::stack::{Memory, Stack};
use reelsmith_aws::operate::{ExecutionStatus, ExecutionView, LogQuery, execution_arn};
use reelsmith_aws::provision::Cloud;
use reelsmith_contract::Objects;
use reelsmith_contract::naming::execution_name;
use reelsmith_core::object::ObjectRef;
use reelsmith_core::ports::{ObjectStore, PutOptions};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::delivery::Delivery;

/// Time limit for a job on a busy machine.
const JOB: Duration = Duration::from_secs(240);
/// Time limit for a message from the outbox to the queue.
const MESSAGE: Duration = Duration::from_secs(60);
/// Polling interval.
const LOOK: Duration = Duration::from_millis(100);

/// Seconds until a message whose handling failed is delivered again. In a deployment it is minutes.
const RETURN_S: u32 = 15;

/// Prefix of every name in the deployment.
pub const DEPLOYMENT: &str = "reelsmith";

/// Settings of the deployment: the fastest presets, and a worker for each of two cores.
const SETTINGS: [&str; 2] = ["PROFILE=draft", "MAX_CONCURRENCY=2"];

struct Shared {
    stack: Stack,
    deployment: Deployment,
    /// Notifications that tests of the suite have received from the queue.
    seen: Mutex<Vec<Value>>,
}

/// The stacks of this test program by suite. They end with the program.
static SHARED: Mutex<BTreeMap<&'static str, &'static Shared>> = Mutex::const_new(BTreeMap::new());

/// How a separate stack differs from the default.
#[derive(Clone, Debug, Default)]
pub struct Setup<'a> {
    /// Additional environment variables of the stack.
    pub environment: &'a [(&'a str, &'a str)],
    /// Settings of the deployment, as `NAME=VALUE`.
    pub settings: &'a [&'a str],
    /// Upper limit for the timeout of every function, in seconds.
    pub limit_s: Option<i32>,
    /// Folder for temporary files of the functions.
    pub temporary: Option<&'a str>,
}

async fn start(setup: &Setup<'_>) -> Shared {
    // Waits and backoffs are a hundred times shorter, so that long waits can be tested.
    let mut environment = vec![("SFN_WAIT_SCALE", "0.01")];
    environment.extend_from_slice(setup.environment);
    let stack = Stack::with(&environment).await.expect("a local stack");
    let project = Project::find().expect("the checkout");
    let overrides = SETTINGS.iter().chain(setup.settings);
    let overrides = overrides.map(|s| s.parse().expect("a setting")).collect();
    let options = Options {
        overrides,
        visibility_timeout_s: Some(RETURN_S),
        function_timeout_s: setup.limit_s,
        function_environment: setup
            .temporary
            .iter()
            .map(|folder| ("TMPDIR".to_owned(), (*folder).to_owned()))
            .collect(),
        ..Options::default()
    };
    let cloud = stack.cloud().await;
    let deployment = deploy(&project, &cloud, &options)
        .await
        .expect("a deployment");
    Shared {
        stack,
        deployment,
        seen: Mutex::default(),
    }
}

/// A test's view of the stack.
pub struct World {
    pub deployment: &'static Deployment,
    /// The URL of S3, for players.
    pub endpoint: String,
    pub port: u16,
    stack: &'static Stack,
    seen: &'static Mutex<Vec<Value>>,
    pub cloud: Cloud,
    pub store: Arc<dyn ObjectStore>,
}

impl World {
    /// Joins the stack of a suite; the first call starts it.
    pub async fn join(suite: &'static str) -> Self {
        Self::join_with(suite, &[]).await
    }

    /// Joins the stack of a suite, with additional environment variables. All tests of the suite must pass the same ones.
    pub async fn join_with(suite: &'static str, environment: &[(&str, &str)]) -> Self {
        let setup = Setup {
            environment,
            ..Setup::default()
        };
        let mut shared = SHARED.lock().await;
        let stack = match shared.get(suite) {
            Some(stack) => *stack,
            None => {
                let stack: &'static Shared = Box::leak(Box::new(start(&setup).await));
                shared.insert(suite, stack);
                stack
            }
        };
        drop(shared);
        Self::of(stack).await
    }

    /// Starts a separate stack, which ends with the program.
    pub async fn alone(setup: &Setup<'_>) -> Self {
        Self::of(Box::leak(Box::new(start(setup).await))).await
    }

    async fn of(shared: &'static Shared) -> Self {
        Self {
            port: shared.stack.port(),
            stack: &shared.stack,
            seen: &shared.seen,
            deployment: &shared.deployment,
            endpoint: shared.stack.endpoint(),
            cloud: shared.stack.cloud().await,
            store: Arc::new(shared.stack.sdk().await.s3()),
        }
    }

    /// All logs of the stack and its functions so far.
    pub async fn all_logs(&self) -> String {
        let mut log = self.log();
        for function in self.deployment.functions.keys() {
            let query = LogQuery {
                group: self.deployment.log_group(function),
                limit: 100_000,
                ..LogQuery::default()
            };
            let lines = self.cloud.log_lines(&query).await.expect("a log");
            log.extend(lines.iter().map(|line| format!("{}\n", line.message)));
        }
        log
    }

    /// The JSON objects of the output bucket.
    #[must_use]
    pub fn outputs(&self) -> Objects {
        Objects::new(Arc::clone(&self.store), &self.deployment.output_bucket)
    }

    /// Puts an object into the input bucket and returns its version id.
    pub async fn put(&self, key: &str, body: impl Into<Bytes>) -> Option<String> {
        let object = ObjectRef::new(&self.deployment.input_bucket, key);
        let put = self
            .store
            .put(&object, body.into(), &PutOptions::default())
            .await;
        put.expect("an upload");
        self.store
            .head(&object)
            .await
            .expect("an upload")
            .pin
            .version_id
    }

    /// Uploads the files of a delivery, the manifest last, and returns the ARN of the execution.
    pub async fn deliver(&self, delivery: &Delivery) -> String {
        if let Some(mezzanine) = &delivery.mezzanine {
            self.put(&delivery.mezzanine_key, mezzanine.clone()).await;
        }
        for caption in &delivery.captions {
            self.put(&caption.key, caption.body).await;
        }
        self.drop_manifest(&delivery.manifest_key(), &delivery.manifest())
            .await
    }

    /// Uploads a manifest and returns the ARN of the execution.
    pub async fn drop_manifest(&self, key: &str, xml: &str) -> String {
        let version = self.put(key, xml.to_owned()).await;
        let name = execution_name(&self.deployment.input_bucket, key, version.as_deref());
        execution_arn(&self.deployment.state_machine_arn, &name)
    }

    /// Waits until an execution has ended.
    ///
    /// # Panics
    /// If it does not end in time.
    pub async fn ended(&self, execution: &str) -> ExecutionView {
        let deadline = Instant::now() + JOB;
        loop {
            let view = self
                .cloud
                .execution(execution)
                .await
                .expect("a look at an execution");
            match view {
                Some(view) if view.summary.status != ExecutionStatus::Running => return view,
                _ => assert!(
                    Instant::now() < deadline,
                    "{execution} has not ended: {view:?}"
                ),
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The output of an execution that must succeed.
    ///
    /// # Panics
    /// If it failed.
    pub async fn succeeded(&self, execution: &str) -> Value {
        let view = self.ended(execution).await;
        assert_eq!(view.summary.status, ExecutionStatus::Succeeded, "{view:#?}");
        serde_json::from_str(view.output.as_deref().unwrap_or_default()).expect("JSON")
    }

    /// The error name and cause of an execution that must fail.
    ///
    /// # Panics
    /// If it succeeded.
    pub async fn failed(&self, execution: &str) -> (String, String) {
        let view = self.ended(execution).await;
        assert_eq!(view.summary.status, ExecutionStatus::Failed, "{view:#?}");
        (
            view.error.unwrap_or_default(),
            view.cause.unwrap_or_default(),
        )
    }

    /// Waits for the notification of an execution.
    ///
    /// # Panics
    /// If it does not arrive in time.
    pub async fn notification(&self, execution: &str) -> Value {
        let deadline = Instant::now() + MESSAGE;
        loop {
            if let Some(found) = self.notifications(execution).await.into_iter().next() {
                return found;
            }
            assert!(Instant::now() < deadline, "no notification of {execution}");
        }
    }

    /// All notifications of an execution so far. Tests share the queue, so received messages are kept for the other tests.
    pub async fn notifications(&self, execution: &str) -> Vec<Value> {
        let mut seen = self.seen.lock().await;
        let queue = &self.deployment.notification_queue;
        let url = self
            .cloud
            .queue_url(queue)
            .await
            .expect("a queue")
            .expect("a queue");
        for message in self.cloud.take_messages(&url, 1).await.expect("messages") {
            seen.push(serde_json::from_str(&message.body).expect("JSON"));
        }
        seen.iter()
            .filter(|m| m["execution"] == execution)
            .cloned()
            .collect()
    }

    /// The log of the stack so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.stack.log()
    }

    /// The current memory use of the stack and its functions.
    #[must_use]
    pub fn memory(&self) -> Memory {
        self.stack.memory()
    }

    /// The newest version id of an object in the input bucket.
    pub async fn version(&self, key: &str) -> Option<String> {
        let object = ObjectRef::new(&self.deployment.input_bucket, key);
        let meta = self.store.head(&object).await.expect("an object");
        meta.pin.version_id
    }

    /// An object of the output bucket.
    pub async fn get(&self, key: &str) -> Bytes {
        let object = ObjectRef::new(&self.deployment.output_bucket, key);
        self.store.get(&object, u64::MAX).await.expect("an object")
    }

    /// The keys in the output bucket with a prefix.
    pub async fn keys(&self, prefix: &str) -> Vec<String> {
        let listed = self
            .store
            .list(&self.deployment.output_bucket, prefix)
            .await;
        listed
            .expect("a listing")
            .into_iter()
            .map(|o| o.key)
            .collect()
    }

    /// The URL of an object in the output bucket, for players.
    #[must_use]
    pub fn url(&self, key: &str) -> String {
        format!("{}/{}/{key}", self.endpoint, self.deployment.output_bucket)
    }
}
