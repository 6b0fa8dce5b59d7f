//! Makes every port call of the functions in the submission protocol fail once, before or after it took effect, and runs the
//! function again, as Step Functions retries it. The persistent state must equal that of a run without faults, and
//! subscribers must receive the same messages under the same ids.

use std::collections::BTreeMap;
use std::sync::Arc;

use reelsmith_contract::error::Retry;
use reelsmith_contract::payload::{
    Caught, Claim, ClaimInput, Execution, FailJobInput, FailedState, JobRef, ManifestObject,
    NotifyInput, SubmitJobInput, SubmitJobOutput,
};
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::digest::sha256_hex;
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::job::Job;
use reelsmith_core::keys::JobKeys;
use reelsmith_core::ladder::{OutputOptions, Profile};
use reelsmith_core::manifest::parse;
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{ObjectStore as _, PortErrorKind, SubmissionStore as _};
use reelsmith_core::record::FailureNote;
use reelsmith_core::submission::{Step, Transition, TransitionOutcome};
use reelsmith_core::time::UnixMillis;
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::submission::Submissions;
use reelsmith_testkit::fakes::{
    ManualClock, MemoryAnnouncer, MemoryStore, MemorySubmissions, MemoryWorkflow,
};
use reelsmith_testkit::faults::{Effect, Faults, Faulty};

const BUCKET: &str = "out";
const LEASE_SECONDS: u32 = 7_200;

/// A function and the situation in which it is called.
#[derive(Clone, Copy, Debug)]
enum Case {
    SubmitNew,
    SubmitTakeover,
    SubmitRunning,
    SubmitComplete,
    SubmitLeftBehind,
    SubmitUnpointed,
    FailHeld,
    FailUntold,
    FailLost,
    FailOfWorker,
    FailUnparsed,
    Publish,
    NotifySuccess,
    NotifyTwo,
}

const CASES: [Case; 14] = [
    Case::SubmitNew,
    Case::SubmitTakeover,
    Case::SubmitRunning,
    Case::SubmitComplete,
    Case::SubmitLeftBehind,
    Case::SubmitUnpointed,
    Case::FailHeld,
    Case::FailUntold,
    Case::FailLost,
    Case::FailOfWorker,
    Case::FailUnparsed,
    Case::Publish,
    Case::NotifySuccess,
    Case::NotifyTwo,
];

/// All persistent state in memory. The execution under test is `b`; `a` came before it.
struct World {
    store: Arc<MemoryStore>,
    submissions: Arc<MemorySubmissions>,
    announcer: Arc<MemoryAnnouncer>,
    clock: Arc<ManualClock>,
    workflow: Arc<MemoryWorkflow>,
    job: JobRef,
    claim: Option<Claim>,
}

/// Everything that persists and everything that subscribers received.
#[derive(Debug, PartialEq)]
struct End {
    rows: String,
    outbox: String,
    objects: Vec<(String, bytes::Bytes)>,
    /// Messages by id. A repeated message counts once and must have the same text.
    messages: BTreeMap<String, String>,
}

fn a_job() -> Job {
    let xml = include_bytes!("../../../sample-data/manifests/good/minimal.xml");
    let source = ObjectPin {
        object: ObjectRef::new("in", "manifests/a.xml"),
        version_id: None,
        etag: sha256_hex(xml),
        size: xml.len() as u64,
    };
    let options = OutputOptions {
        h265: false,
        dash: true,
        progressive: false,
        max_bitrate: None,
        mock: false,
    };
    let profile = Profile::named("default").unwrap();
    let manifest = parse(xml).manifest.unwrap();
    Job::new(
        source,
        manifest,
        options,
        profile,
        EncoderKind::Lambda,
        "build".into(),
        vec![],
    )
}

fn execution(name: &str) -> Execution {
    Execution {
        id: format!("arn:{name}"),
        name: name.to_owned(),
    }
}

impl World {
    /// The state of a job when the function of the case is called.
    async fn of(case: Case) -> Self {
        let job = a_job();
        let mut world = Self {
            store: Arc::new(MemoryStore::with_buckets([BUCKET])),
            submissions: Arc::default(),
            announcer: Arc::default(),
            clock: Arc::new(ManualClock::at(UnixMillis(1_000))),
            workflow: Arc::default(),
            job: JobRef {
                job_key: job.job_key.clone(),
                asset: job.asset.clone(),
            },
            claim: None,
        };
        world
            .objects(&Faults::none())
            .write(&JobKeys(&job.job_key).job(), &job)
            .await
            .unwrap();
        world.prepare(case).await;
        world
    }

    async fn prepare(&mut self, case: Case) {
        match case {
            Case::SubmitNew | Case::FailUnparsed => {}
            Case::SubmitTakeover => {
                self.hold("a").await;
                self.clock.advance_seconds(LEASE_SECONDS);
            }
            Case::SubmitRunning => self.hold("a").await,
            Case::SubmitComplete => {
                self.publish_as("a").await;
                self.call(Case::NotifySuccess, &Faults::none())
                    .await
                    .unwrap();
            }
            Case::SubmitLeftBehind => self.publish_as("a").await,
            Case::SubmitUnpointed => {
                self.publish_as("a").await;
                let key = self.claim.clone().unwrap().keys().current();
                self.store.delete(BUCKET, &[key]).await.unwrap();
            }
            Case::FailHeld | Case::FailUntold => self.hold("b").await,
            Case::FailLost => {
                self.hold("b").await;
                let lost = self.claim.clone();
                self.clock.advance_seconds(LEASE_SECONDS);
                self.hold("a").await;
                self.claim = lost;
            }
            Case::FailOfWorker => {
                self.hold("b").await;
                self.leave_note().await;
            }
            Case::Publish => {
                self.hold("b").await;
                self.prove().await;
            }
            Case::NotifySuccess => self.publish_as("b").await,
            Case::NotifyTwo => {
                self.publish_as("a").await;
                self.submit("b", &Faults::none()).await.unwrap();
            }
        }
    }

    async fn hold(&mut self, name: &str) {
        let output = self.submit(name, &Faults::none()).await.unwrap();
        self.claim = Some(output.claim);
    }

    async fn prove(&self) {
        let claim = self.claim.clone().unwrap();
        let report = serde_json::json!({
            "schema": 1, "verdict": "pass", "rules_checked": 1, "violations": [], "renditions": [],
        });
        self.objects(&Faults::none())
            .write(&claim.keys().report(), &report)
            .await
            .unwrap();
        let transition = Transition {
            job_key: claim.job_key,
            step: Step::Validate {
                fence: claim.fence,
                lease_seconds: LEASE_SECONDS,
            },
            notice: None,
        };
        let outcome = self
            .submissions
            .apply(&transition, UnixMillis(2_000))
            .await
            .unwrap();
        assert!(
            matches!(outcome, TransitionOutcome::Applied(_)),
            "{outcome:?}"
        );
    }

    async fn publish_as(&mut self, name: &str) {
        self.hold(name).await;
        self.prove().await;
        self.call(Case::Publish, &Faults::none()).await.unwrap();
    }

    async fn leave_note(&self) {
        let keys = self.claim.clone().unwrap().keys();
        let note = FailureNote {
            error: "EncoderFailed".into(),
            cause: "expected a; found b".into(),
            item: "chunk 3, group 0".into(),
            record: keys.chunk_record(3, 0),
            at: UnixMillis(1_500),
        };
        self.objects(&Faults::none())
            .write(&keys.failure("00003-0"), &note)
            .await
            .unwrap();
    }

    fn objects(&self, faults: &Arc<Faults>) -> Objects {
        Objects::new(
            Arc::new(Faulty::new(self.store.clone(), faults.clone())),
            BUCKET,
        )
    }

    /// Calls the function of a case and returns its output as JSON.
    async fn call(&self, case: Case, faults: &Arc<Faults>) -> Result<serde_json::Value, Failure> {
        let json = |value: Result<serde_json::Value, serde_json::Error>| value.unwrap();
        match case {
            Case::SubmitNew
            | Case::SubmitTakeover
            | Case::SubmitRunning
            | Case::SubmitComplete
            | Case::SubmitLeftBehind
            | Case::SubmitUnpointed => {
                let output = self.submit("b", faults).await?;
                Ok(json(serde_json::to_value(output)))
            }
            Case::FailHeld
            | Case::FailUntold
            | Case::FailLost
            | Case::FailOfWorker
            | Case::FailUnparsed => {
                let ports = fail_job::Ports {
                    outputs: self.objects(faults),
                    submissions: self.table(faults),
                    encodes: None,
                };
                let output =
                    fail_job::handle(Arc::new(ports), self.failed(case), invocation()).await?;
                Ok(json(serde_json::to_value(output)))
            }
            Case::Publish => {
                let ports = publish_job::Ports {
                    outputs: self.objects(faults),
                    submissions: self.table(faults),
                };
                let input = ClaimInput {
                    claim: self.claim.clone().unwrap(),
                };
                let output = publish_job::handle(Arc::new(ports), input, invocation()).await?;
                Ok(json(serde_json::to_value(output)))
            }
            Case::NotifySuccess | Case::NotifyTwo => {
                let ports = notify::Ports {
                    submissions: self.table(faults),
                    announcer: Arc::new(Faulty::new(self.announcer.clone(), faults.clone())),
                };
                let input = NotifyInput {
                    outbox: self.job.job_key.to_string(),
                };
                notify::handle(Arc::new(ports), input, invocation()).await?;
                // The number of messages that a call sent depends on earlier calls.
                Ok(serde_json::Value::Null)
            }
        }
    }

    fn table(&self, faults: &Arc<Faults>) -> Submissions {
        let table = Arc::new(Faulty::new(self.submissions.clone(), faults.clone()));
        Submissions::new(table, self.clock.clone())
    }

    async fn submit(&self, name: &str, faults: &Arc<Faults>) -> Result<SubmitJobOutput, Failure> {
        let ports = submit_job::Ports {
            outputs: self.objects(faults),
            submissions: self.table(faults),
            workflow: Arc::new(Faulty::new(self.workflow.clone(), faults.clone())),
            lease_seconds: LEASE_SECONDS,
            force: false,
            cap: None,
            mediaconvert: false,
        };
        let input = SubmitJobInput {
            job: self.job.clone(),
            execution: execution(name),
        };
        submit_job::handle(Arc::new(ports), input, invocation()).await
    }

    fn failed(&self, case: Case) -> FailJobInput {
        let told = !matches!(case, Case::FailUntold | Case::FailUnparsed);
        let of_worker = matches!(case, Case::FailOfWorker);
        let submission = self
            .claim
            .clone()
            .filter(|_| told)
            .map(|claim| SubmitJobOutput {
                decision: reelsmith_contract::payload::Decision::Encode,
                encoder: EncoderKind::Lambda,
                outbox: claim.job_key.to_string(),
                claim,
                outputs: None,
            });
        let error = if of_worker {
            "States.ExceedToleratedFailureThreshold"
        } else {
            "TableUnavailable"
        };
        FailJobInput {
            execution: execution("b"),
            state: FailedState {
                source: ManifestObject {
                    bucket: "in".into(),
                    key: "manifests/a.xml".into(),
                    version_id: None,
                },
                job: (!matches!(case, Case::FailUnparsed)).then(|| self.job.clone()),
                submission,
                error: Caught {
                    error: error.into(),
                    cause: "c".into(),
                },
            },
        }
    }

    fn end(&self) -> End {
        let object = |key: String| {
            let body = self.store.object(BUCKET, &key).map(|(body, _)| body);
            (key, body.unwrap_or_default())
        };
        let mut messages = BTreeMap::new();
        for message in self.announcer.messages() {
            let said = format!("{message:?}");
            let before = messages.insert(message.id, said.clone());
            assert!(
                before.is_none_or(|b| b == said),
                "two messages of one id: {said}"
            );
        }
        End {
            rows: format!("{:#?}", self.submissions.rows()),
            outbox: format!("{:#?}", self.submissions.outbox()),
            objects: self.store.keys(BUCKET).into_iter().map(object).collect(),
            messages,
        }
    }
}

fn invocation() -> Invocation {
    Invocation::of_test("r")
}

#[tokio::test]
async fn a_retry_after_a_fault_at_any_port_call_gives_the_same_result() {
    let mut points = 0;
    for case in CASES {
        let faults = Faults::none();
        let clean = World::of(case).await;
        let output = clean.call(case, &faults).await.unwrap();
        let calls = faults.calls();
        assert!(!calls.is_empty(), "{case:?}");
        for (nth, call) in (1_u32..).zip(&calls) {
            for effect in [
                Effect::Fail(PortErrorKind::Unavailable),
                Effect::LoseAnswer(PortErrorKind::Unavailable),
            ] {
                let point = format!("{case:?}, call {nth} ({call:?}) {effect}");
                let (world, faults) = (World::of(case).await, Faults::none());
                faults.at(nth, effect);
                let failure = world.call(case, &faults).await.expect_err(&point);
                assert_eq!(failure.name.retry(), Retry::Transient, "{point}: {failure}");
                let again = world.call(case, &Faults::none()).await;
                assert_eq!(again.as_ref(), Ok(&output), "{point}");
                assert_eq!(world.end(), clean.end(), "{point}");
                points += 1;
                println!("{points:>4} {point}");
            }
        }
    }
    assert!(points >= 60, "only {points} points");
}

#[tokio::test]
async fn a_retry_after_success_changes_nothing() {
    for case in CASES {
        let (once, twice) = (World::of(case).await, World::of(case).await);
        let output = once.call(case, &Faults::none()).await.unwrap();
        for _ in 0..2 {
            assert_eq!(
                twice.call(case, &Faults::none()).await.as_ref(),
                Ok(&output),
                "{case:?}"
            );
        }
        assert_eq!(twice.end(), once.end(), "{case:?}");
    }
}

#[tokio::test]
async fn the_results_of_the_cases_match_their_names() {
    for (case, row, heard) in [
        (Case::SubmitNew, "Submitted arn:b 1", 0),
        (Case::SubmitTakeover, "Submitted arn:b 2", 0),
        (Case::SubmitRunning, "Submitted arn:a 1", 0),
        (Case::SubmitComplete, "Complete arn:a 1", 1),
        (Case::FailHeld, "Failed arn:b 1", 0),
        (Case::FailUntold, "Failed arn:b 1", 0),
        (Case::FailLost, "Submitted arn:a 2", 0),
        (Case::Publish, "Complete arn:b 1", 0),
        (Case::NotifySuccess, "Complete arn:b 1", 1),
        (Case::NotifyTwo, "Complete arn:a 1", 2),
    ] {
        let world = World::of(case).await;
        world.call(case, &Faults::none()).await.unwrap();
        let found: Vec<_> = world
            .submissions
            .rows()
            .iter()
            .map(|r| format!("{:?} {} {}", r.state, r.owner, r.attempt))
            .collect();
        assert_eq!(found, [row], "{case:?}");
        assert_eq!(world.announcer.messages().len(), heard, "{case:?}");
    }
}
