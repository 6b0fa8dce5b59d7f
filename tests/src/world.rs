//! A deployed local stack for each suite, and what a test does with it.

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

/// How long a job of a test may take on a busy machine.
const JOB: Duration = Duration::from_secs(240);
/// How long a message may take from the outbox to the queue.
const MESSAGE: Duration = Duration::from_secs(60);
/// Pause between two looks at something that is under way.
const LOOK: Duration = Duration::from_millis(100);

/// Seconds after which a message whose handling failed is delivered again. A deployment waits minutes.
const RETURN_S: u32 = 15;

/// First part of every name of the deployment.
pub const DEPLOYMENT: &str = "reelsmith";

/// Settings of the deployment: the fastest presets, and workers for both cores.
const SETTINGS: [&str; 2] = ["PROFILE=draft", "MAX_CONCURRENCY=2"];

struct Shared {
    stack: Stack,
    deployment: Deployment,
    /// Notifications that a test of the suite has taken off the queue.
    seen: Mutex<Vec<Value>>,
}

/// The stacks of this test program by suite. They end with the program.
static SHARED: Mutex<BTreeMap<&'static str, &'static Shared>> = Mutex::const_new(BTreeMap::new());

/// How a stack of one's own differs from the usual one.
#[derive(Clone, Debug, Default)]
pub struct Setup<'a> {
    /// More in the environment of the stack.
    pub environment: &'a [(&'a str, &'a str)],
    /// Settings of the deployment, as `NAME=VALUE`.
    pub settings: &'a [&'a str],
    /// Greatest time limit of every function.
    pub limit_s: Option<i32>,
    /// Folder for temporary files of the functions.
    pub temporary: Option<&'a str>,
}

async fn start(setup: &Setup<'_>) -> Shared {
    // Waits and backoffs pass a hundred times faster, so that patience can be tested.
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

/// One test's view of the stack.
pub struct World {
    /// Names of everything.
    pub deployment: &'static Deployment,
    /// Where S3 answers, for players.
    pub endpoint: String,
    /// The port that the stack listens on.
    pub port: u16,
    stack: &'static Stack,
    seen: &'static Mutex<Vec<Value>>,
    /// Operator's reads.
    pub cloud: Cloud,
    /// Object storage of the stack.
    pub store: Arc<dyn ObjectStore>,
}

impl World {
    /// Joins the stack of a suite; the first test that asks starts it.
    pub async fn join(suite: &'static str) -> Self {
        Self::join_with(suite, &[]).await
    }

    /// Joins the stack of a suite, with additional environment variables. All tests of the suite must ask for the same.
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

    /// A stack of one's own. It ends with the program.
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

    /// Everything that the stack and its functions have logged so far.
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

    /// JSON objects of the output bucket.
    #[must_use]
    pub fn outputs(&self) -> Objects {
        Objects::new(Arc::clone(&self.store), &self.deployment.output_bucket)
    }

    /// Puts an object into the input bucket; its version.
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

    /// Uploads what a delivery consists of and drops its manifest last, as a user does; the execution's ARN.
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

    /// Drops a manifest; the execution's ARN.
    pub async fn drop_manifest(&self, key: &str, xml: &str) -> String {
        let version = self.put(key, xml.to_owned()).await;
        let name = execution_name(&self.deployment.input_bucket, key, version.as_deref());
        execution_arn(&self.deployment.state_machine_arn, &name)
    }

    /// Waits until an execution has ended.
    ///
    /// # Panics
    /// Where it does not end in time.
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

    /// The output of an execution that must have succeeded.
    ///
    /// # Panics
    /// Where it has failed.
    pub async fn succeeded(&self, execution: &str) -> Value {
        let view = self.ended(execution).await;
        assert_eq!(view.summary.status, ExecutionStatus::Succeeded, "{view:#?}");
        serde_json::from_str(view.output.as_deref().unwrap_or_default()).expect("JSON")
    }

    /// Error name and cause of an execution that must have failed.
    ///
    /// # Panics
    /// Where it has succeeded.
    pub async fn failed(&self, execution: &str) -> (String, String) {
        let view = self.ended(execution).await;
        assert_eq!(view.summary.status, ExecutionStatus::Failed, "{view:#?}");
        (
            view.error.unwrap_or_default(),
            view.cause.unwrap_or_default(),
        )
    }

    /// Waits for the notification of an execution among all that were sent.
    ///
    /// # Panics
    /// Where it does not come in time.
    pub async fn notification(&self, execution: &str) -> Value {
        let deadline = Instant::now() + MESSAGE;
        loop {
            if let Some(found) = self.notifications(execution).await.into_iter().next() {
                return found;
            }
            assert!(Instant::now() < deadline, "no notification of {execution}");
        }
    }

    /// All notifications of an execution so far. Tests share the queue, so what is taken off it is kept for the others.
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

    /// What the stack and its functions have logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.stack.log()
    }

    /// What the stack and its functions hold in memory now.
    #[must_use]
    pub fn memory(&self) -> Memory {
        self.stack.memory()
    }

    /// The newest version of an object of the input bucket.
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

    /// Keys of the output bucket under a prefix.
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

    /// URL at which a player reads an object of the output bucket.
    #[must_use]
    pub fn url(&self, key: &str) -> String {
        format!("{}/{}/{key}", self.endpoint, self.deployment.output_bucket)
    }
}
