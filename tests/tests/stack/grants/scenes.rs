//! The situations in which every function makes every kind of call that it can make.

mod left;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mediaconvert_standin::{Fault, Options, StandIn};
use reelsmith_aws::{DynamoSubmissions, Sdk, SystemClock};
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::keys::{AssetId, Generation, GenerationKeys, JobKey};
use reelsmith_core::object::ObjectRef;
use reelsmith_core::ports::{Clock as _, PutOptions, SubmissionStore as _};
use reelsmith_core::submission::{
    Fence, NoticeKind, OutboxEntry, Row, State, Step, Transition, TransitionOutcome,
};
use reelsmith_media::Tools;
use reelsmith_tests::chaos::{ChaosProxy, Effect, Rule, Seen, Service};
use reelsmith_tests::delivery::{Caption, Delivery};
use reelsmith_tests::media;
use reelsmith_tests::world::{DEPLOYMENT, Setup, World};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Functions that read delivered files in ranges.
const READERS: [&str; 7] = [
    "parse-manifest",
    "validate-input",
    "plan-chunks",
    "verify-mezzanine",
    "transcode-chunk",
    "encode-audio",
    "convert-captions",
];
/// Workers that write each object once, and compare the bytes if it exists.
const WRITERS: [&str; 2] = ["encode-audio", "convert-captions"];
const EVERY: usize = 1 << 20;
/// Time limit for an expected event on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);
/// Polling interval.
const LOOK: Duration = Duration::from_millis(100);

/// Every read of a pinned file by a function fails as if the file had been replaced.
fn seems_replaced(function: &'static str) -> Rule {
    Rule {
        function,
        service: Some(Service::Pinned),
        nth: 1,
        times: EVERY,
        effect: Effect::Answer(412, "PreconditionFailed"),
    }
}

pub struct Stage {
    pub world: World,
    proxy: ChaosProxy,
    orders: ChaosProxy,
    film: Vec<u8>,
    seen: Vec<Seen>,
    /// A service with one running order and one cancelled order.
    idle: Option<StandIn>,
}

impl Stage {
    pub async fn set() -> Self {
        let proxy = ChaosProxy::start(DEPLOYMENT).await;
        let orders = ChaosProxy::start(DEPLOYMENT).await;
        let (all, encodes) = (proxy.endpoint(), orders.endpoint());
        let environment = [
            ("AWS_ENDPOINT_URL", all.as_str()),
            ("AWS_ENDPOINT_URL_MEDIACONVERT", encodes.as_str()),
        ];
        // A failed row counts as abandoned after a second.
        let setup = Setup {
            environment: &environment,
            settings: &["ABANDONED_AFTER_SECONDS=1", "ENABLE_H265=false"],
            ..Setup::default()
        };
        let world = World::alone(&setup).await;
        proxy.lead_to(world.port);
        let film = std::fs::read(media::small()).unwrap();
        Self {
            world,
            proxy,
            orders,
            film,
            seen: Vec::new(),
            idle: None,
        }
    }

    /// All requests of functions so far.
    pub fn seen(mut self) -> Vec<Seen> {
        self.arm(&[]);
        self.seen.extend(self.orders.seen());
        self.seen
    }

    fn arm(&mut self, rules: &[Rule]) {
        self.seen.extend(self.proxy.seen());
        self.proxy.arm(rules);
    }

    fn delivery(&self, id: &str, captions: &'static str) -> Delivery {
        Delivery {
            languages: vec!["ja"],
            captions: vec![Caption {
                language: "en",
                key: format!("captions/{id}.srt"),
                body: captions,
            }],
            ..Delivery::of(id, &self.film)
        }
    }

    async fn table(&self) -> DynamoSubmissions {
        let table = &self.world.deployment.submission_table;
        self.world.cloud.sdk().submissions(table)
    }

    async fn apply(&self, job_key: &JobKey, step: Step) -> Row {
        let transition = Transition {
            job_key: job_key.clone(),
            step,
            notice: None,
        };
        let table = self.table().await;
        let outcome = table.apply(&transition, SystemClock.now()).await;
        match outcome.unwrap() {
            TransitionOutcome::Applied(row) => row,
            other => panic!("{other:?}"),
        }
    }

    async fn reserve(
        &self,
        job_key: &JobKey,
        asset: AssetId,
        owner: &str,
        encoder: EncoderKind,
    ) -> Row {
        let step = Step::Reserve {
            asset,
            manifest_id: "grants".into(),
            encoder,
            owner: owner.to_owned(),
            lease_seconds: 7200,
            force: false,
        };
        self.apply(job_key, step).await
    }

    /// Runs a job in which every delivered file seems to have been replaced, so that readers request the original version, and
    /// in which writers lose the responses to their writes. Then runs it again as if the first execution had been stopped during
    /// publication: without the pointer, with item lists, with its success message unsent. Returns the execution.
    pub async fn a_job_and_its_twin(&mut self) -> String {
        let replaced = READERS.map(seems_replaced);
        let unheard = WRITERS.map(|function| Rule {
            function,
            service: Some(Service::Write),
            nth: 1,
            times: 1,
            effect: Effect::LoseAnswer,
        });
        self.arm(&[replaced.as_slice(), &unheard].concat());
        let mut delivery =
            self.delivery("grants-whole", "1\n00:00:01,000 --> 00:00:02,000\nLine\n");
        delivery.settings = "<EnableProgressive>true</EnableProgressive>".into();
        let execution = self.world.deliver(&delivery).await;
        let output = self.world.succeeded(&execution).await;
        self.world.notification(&execution).await;
        self.arm(&[]);
        let bucket = &self.world.deployment.output_bucket;
        let pointer = format!("outputs/{}/current.json", output["asset"].as_str().unwrap());
        self.world.store.delete(bucket, &[pointer]).await.unwrap();
        self.unfinished(output["job_key"].as_str().unwrap().parse().unwrap())
            .await;
        let again = self.world.deliver(&delivery).await;
        assert_eq!(
            self.world.succeeded(&again).await["decision"],
            "DUPLICATE_COMPLETE"
        );
        self.world.notification(&again).await;
        execution
    }

    /// The remaining data of an execution that was stopped between COMPLETE and its cleanup.
    async fn unfinished(&self, job_key: JobKey) {
        let table = self.table().await;
        let row = table.row(&job_key).await.unwrap().unwrap();
        let keys = GenerationKeys::new(&row.asset, &job_key, row.generation);
        let list = keys.items("video");
        self.world.outputs().write(&list, &json!([])).await.unwrap();
        let entry = OutboxEntry {
            outbox: job_key.to_string(),
            id: "success#unsent".into(),
            kind: NoticeKind::Success,
            subject: "a success that nobody sent".into(),
            body: json!({"kind": "success"}).to_string(),
            created: SystemClock.now(),
        };
        table.enqueue(&entry).await.unwrap();
    }

    /// An invalid manifest, and a job whose worker fails; then the same job while another execution seems to hold it.
    pub async fn jobs_that_fail(&mut self) {
        let world = &self.world;
        let execution = world.drop_manifest("manifests/none.xml", "<no/>").await;
        world.failed(&execution).await;
        self.arm(&[Rule {
            function: "convert-captions",
            service: Some(Service::Pinned),
            nth: 1,
            times: EVERY,
            effect: Effect::Answer(403, "AccessDenied"),
        }]);
        let world = &self.world;
        let delivery = self.delivery("grants-fails", "1\n00:00:01,000 --> 00:00:02,000\nLine\n");
        let execution = world.deliver(&delivery).await;
        world.failed(&execution).await;
        self.arm(&[]);
        let world = &self.world;
        let message = world.notification(&execution).await;
        let job_key: JobKey = message["job_key"].as_str().unwrap().parse().unwrap();
        let row = self.table().await.row(&job_key).await.unwrap().unwrap();
        assert_eq!(row.state, State::Failed);
        // Objects of the failed job, which the reaper deletes.
        let keys = GenerationKeys::new(&row.asset, &job_key, Generation::FIRST);
        for key in [keys.plan(), keys.output("video/left.m4s")] {
            let object = ObjectRef::new(&world.deployment.output_bucket, &key);
            let body = Bytes::from_static(b"left");
            let options = PutOptions::default();
            world.store.put(&object, body, &options).await.unwrap();
        }
        let owner = execution.rsplit_once(':').unwrap().0;
        let nobody = format!("{owner}:nobody");
        self.reserve(&job_key, row.asset, &nobody, EncoderKind::Lambda)
            .await;
        let again = world.deliver(&delivery).await;
        assert_eq!(
            world.succeeded(&again).await["decision"],
            "DUPLICATE_RUNNING"
        );
        self.release(&job_key).await;
    }

    async fn release(&self, job_key: &JobKey) {
        let row = self.table().await.row(job_key).await.unwrap().unwrap();
        let step = Step::Fail {
            fence: Fence {
                generation: row.generation,
                attempt: row.attempt,
                owner: row.owner,
            },
            error: "ExecutionEnded".into(),
            cause: "a test".into(),
        };
        self.apply(job_key, step).await;
    }

    /// An order whose response is lost and whose mezzanine seems to have been replaced afterwards, one that fails, and an
    /// attempt that finds two running orders, one too many.
    pub async fn orders(&mut self) {
        let endpoint = self.world.endpoint.clone();
        let working = standin(
            &endpoint,
            Some(Tools::locate(&reelsmith_testkit::media_folder(), None, None).unwrap()),
        )
        .await;
        self.orders.lead_to(port(&working));
        working.inject(Fault::LoseAnswer {
            then_pass_seconds: 61,
        });
        self.arm(&[seems_replaced("assemble-rendition")]);
        let execution = self.world.deliver(&self.ordered("grants-lost")).await;
        self.world.succeeded(&execution).await;
        self.arm(&[]);
        working.inject(Fault::FailJob {
            code: 1404,
            message: "Unable to open input file".to_owned(),
        });
        let delivery = self.ordered("grants-twice");
        let execution = self.world.deliver(&delivery).await;
        self.world.failed(&execution).await;
        self.world.notification(&execution).await;

        let idle = standin(&endpoint, None).await;
        let mut order = working.jobs().pop().unwrap().request;
        for token in ["one", "two"] {
            order["clientRequestToken"] = json!(token);
            place(port(&idle), &order).await;
        }
        self.orders.lead_to(port(&idle));
        let execution = self.world.deliver(&delivery).await;
        let called_off = async || {
            let jobs = idle.jobs();
            jobs.iter().any(|job| job.status.name() == "CANCELED")
        };
        until("the order too many is called off", called_off).await;
        let stopped = self.world.cloud.stop_execution(&execution, "a test").await;
        stopped.unwrap();
        self.idle = Some(idle);
    }

    fn ordered(&self, id: &str) -> Delivery {
        let mut delivery = self.delivery(id, "1\n00:00:01,000 --> 00:00:02,000\nLine\n");
        delivery.settings = "<Encoder>mediaconvert</Encoder>".to_owned();
        delivery
    }
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(LOOK).await;
    }
}

async fn standin(endpoint: &str, tools: Option<Tools>) -> StandIn {
    let options = Options {
        clock: Arc::new(SystemClock),
        store: Arc::new(Sdk::emulator(endpoint).await.s3()),
        endpoint: endpoint.to_owned(),
        tools,
    };
    StandIn::start(free_port(), options).await.unwrap()
}

/// The port in the URL of the stand-in.
fn port(standin: &StandIn) -> u16 {
    let endpoint = standin.endpoint();
    endpoint.rsplit(':').next().unwrap().parse().unwrap()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Places an order that no function has placed.
async fn place(port: u16, order: &Value) {
    let body = order.to_string();
    let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .unwrap();
    let request = format!(
        "POST /2017-08-29/jobs HTTP/1.1\r\nHost: standin\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}
