use reelsmith_contract::payload::Execution;
use reelsmith_core::digest::sha256_hex;
use reelsmith_core::keys::JobKeys;
use reelsmith_core::ladder::OutputOptions;
use reelsmith_core::ladder::Profile;
use reelsmith_core::manifest::parse;
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{Clock as _, SubmissionStore as _};
use reelsmith_core::submission::Outputs;
use reelsmith_core::submission::{NoticeKind, OutboxEntry, Transition};
use reelsmith_core::time::UnixMillis;
use reelsmith_testkit::fakes::{ManualClock, MemoryStore, MemorySubmissions, MemoryWorkflow};

use super::*;

mod cap;

struct World {
    ports: Arc<Ports>,
    submissions: Arc<MemorySubmissions>,
    workflow: Arc<MemoryWorkflow>,
    clock: Arc<ManualClock>,
    job: JobRef,
}

async fn world(encoder: EncoderKind, force: bool) -> World {
    let xml = include_bytes!("../../../sample-data/manifests/good/minimal.xml");
    let manifest = parse(xml).manifest.unwrap();
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
    let job = Job::new(
        source,
        manifest,
        options,
        profile,
        encoder,
        "build".into(),
        vec![],
    );
    let outputs = Objects::new(Arc::new(MemoryStore::with_buckets(["out"])), "out");
    outputs
        .write(&JobKeys(&job.job_key).job(), &job)
        .await
        .unwrap();
    let submissions = Arc::new(MemorySubmissions::default());
    let clock = Arc::new(ManualClock::at(UnixMillis(1_000)));
    let workflow = Arc::new(MemoryWorkflow::default());
    let ports = Ports {
        outputs,
        submissions: Submissions::new(submissions.clone(), clock.clone()),
        workflow: workflow.clone(),
        lease_seconds: 60,
        force,
        cap: None,
        mediaconvert: false,
    };
    let job = JobRef {
        job_key: job.job_key,
        asset: job.asset,
    };
    World {
        ports: Arc::new(ports),
        submissions,
        workflow,
        clock,
        job,
    }
}

impl World {
    async fn submit(&self, execution: &str) -> SubmitJobOutput {
        self.try_submit(execution).await.unwrap()
    }

    async fn try_submit(&self, execution: &str) -> Result<SubmitJobOutput, Failure> {
        let execution = Execution {
            id: format!("arn:{execution}"),
            name: execution.to_owned(),
        };
        let input = SubmitJobInput {
            job: self.job.clone(),
            execution,
        };
        handle(self.ports.clone(), input, Invocation::of_test("r")).await
    }

    async fn complete(&self, claim: &Claim) {
        let outputs = Outputs {
            bucket: "out".into(),
            prefix: "p/".into(),
            hls: "p/master.m3u8".into(),
            dash: None,
            report: "r".into(),
            mock: false,
        };
        let fence = claim.fence.clone();
        for step in [
            Step::Validate {
                fence: fence.clone(),
                lease_seconds: 60,
            },
            Step::Complete { fence, outputs },
        ] {
            let transition = Transition {
                job_key: claim.job_key.clone(),
                step,
                notice: None,
            };
            let outcome = self
                .submissions
                .apply(&transition, self.clock.now())
                .await
                .unwrap();
            assert!(matches!(outcome, TransitionOutcome::Applied(_)));
        }
    }
}

#[tokio::test]
async fn one_execution_encodes_and_its_retry_continues() {
    let world = world(EncoderKind::Lambda, false).await;
    let first = world.submit("a").await;
    assert_eq!(first.decision, Decision::Encode);
    let row = &world.submissions.rows()[0];
    assert_eq!(
        (row.state, row.encoder_ref.as_deref()),
        (State::Submitted, Some("lambda:a"))
    );
    assert_eq!(
        world.submit("a").await,
        first,
        "a retry of the state gives the same claim"
    );
}

#[tokio::test]
async fn another_execution_is_a_duplicate_of_a_running_and_of_a_complete_job() {
    let world = world(EncoderKind::Lambda, false).await;
    let first = world.submit("a").await;
    let running = world.submit("b").await;
    assert_eq!(
        (running.decision, running.outbox.as_str()),
        (Decision::DuplicateRunning, "execution#b")
    );
    world.complete(&first.claim).await;
    let complete = world.submit("c").await;
    assert_eq!(complete.decision, Decision::DuplicateComplete);
    assert_eq!(complete.outputs.unwrap().hls, "p/master.m3u8");
    assert_eq!(world.submissions.outbox().len(), 2);
    world.submit("c").await;
    assert_eq!(
        world.submissions.outbox().len(),
        2,
        "a retried duplicate does not announce twice"
    );
}

#[tokio::test]
async fn an_expired_lease_is_taken_over_as_a_new_attempt() {
    let world = world(EncoderKind::Lambda, false).await;
    world.submit("a").await;
    world.clock.advance_seconds(61);
    let taken = world.submit("b").await;
    assert_eq!(
        (taken.decision, taken.claim.fence.attempt),
        (Decision::Encode, 2)
    );
}

#[tokio::test]
async fn a_job_whose_execution_was_stopped_is_taken_over_at_once() {
    let world = world(EncoderKind::Lambda, false).await;
    world.submit("a").await;
    assert_eq!(world.submit("b").await.decision, Decision::DuplicateRunning);
    world.workflow.end("arn:a");
    world.workflow.end("a");
    let taken = world.submit("c").await;
    assert_eq!(
        (taken.decision, taken.claim.fence.attempt),
        (Decision::Encode, 2)
    );
    let failures = &world.submissions.rows()[0].failures;
    assert_eq!(failures[0].error, "ExecutionEnded");
    assert_eq!(
        world.try_submit("a").await.unwrap().decision,
        Decision::DuplicateRunning,
        "a late call of the stopped execution takes nothing"
    );
}

#[tokio::test]
async fn force_is_a_new_generation() {
    let world = world(EncoderKind::Lambda, true).await;
    let first = world.submit("a").await;
    world.complete(&first.claim).await;
    let forced = world.submit("b").await;
    assert_eq!(
        (forced.decision, forced.claim.fence.generation.0),
        (Decision::Encode, 2)
    );
    assert_ne!(
        forced.claim.keys().output_prefix(),
        first.claim.keys().output_prefix()
    );
}

#[tokio::test]
async fn a_missing_encoder_is_refused_before_anything_is_reserved() {
    let world = world(EncoderKind::MediaConvert, false).await;
    let failure = world.try_submit("a").await.unwrap_err();
    assert_eq!(failure.name, ErrorName::EncoderUnavailable);
    assert!(world.submissions.rows().is_empty());
}

#[tokio::test]
async fn an_unsent_success_is_sent_with_the_next_duplicate() {
    let world = world(EncoderKind::Lambda, false).await;
    let first = world.submit("a").await;
    world.complete(&first.claim).await;
    let success = OutboxEntry {
        outbox: first.outbox.clone(),
        id: "success#g1".into(),
        kind: NoticeKind::Success,
        subject: "s".into(),
        body: "{}".into(),
        created: UnixMillis(2),
    };
    world.submissions.enqueue(&success).await.unwrap();
    let keys = first.claim.keys();
    let outputs = &world.ports.outputs;
    for key in [keys.items("video"), keys.failure("00000-0"), keys.plan()] {
        outputs.write(&key, &1).await.unwrap();
    }
    let duplicate = world.submit("b").await;
    assert_eq!(duplicate.outbox, first.outbox);
    let left = outputs.store().list("out", "jobs/").await;
    let left: Vec<String> = left.unwrap().into_iter().map(|o| o.key).collect();
    assert!(
        left.contains(&keys.plan())
            && left
                .iter()
                .all(|key| !key.contains("/items/") && !key.contains("/failures/")),
        "its execution came neither to its cleanup nor to its message: {left:?}"
    );
    let pending = world.submissions.pending(&duplicate.outbox).await.unwrap();
    assert_eq!(pending.len(), 2, "the success and the duplicate");
    for entry in pending {
        world
            .submissions
            .mark_sent(&entry, UnixMillis(3))
            .await
            .unwrap();
    }
    assert_eq!(world.submit("c").await.outbox, "execution#c");
}

#[tokio::test]
async fn a_late_call_of_a_failed_execution_reserves_nothing() {
    let world = world(EncoderKind::Lambda, false).await;
    let claim = world.submit("a").await.claim;
    let step = Step::Fail {
        fence: claim.fence,
        error: "E".into(),
        cause: "c".into(),
    };
    let transition = Transition {
        job_key: claim.job_key,
        step,
        notice: None,
    };
    world
        .submissions
        .apply(&transition, world.clock.now())
        .await
        .unwrap();
    assert_eq!(
        world.try_submit("a").await.unwrap_err().name,
        ErrorName::SubmissionLost
    );
    assert_eq!(world.submissions.rows()[0].state, State::Failed);
    assert_eq!(world.submit("b").await.decision, Decision::Encode);
}

#[tokio::test]
async fn a_pointer_that_was_not_moved_is_moved_unless_it_is_newer() {
    let world = world(EncoderKind::Lambda, false).await;
    let claim = world.submit("a").await.claim;
    world.complete(&claim).await;
    let (outputs, key) = (&world.ports.outputs, claim.keys().current());
    world.submit("b").await;
    let moved: Current = outputs.read(&key).await.unwrap();
    assert_eq!(
        (&moved.job_key, moved.outputs.hls.as_str()),
        (&claim.job_key, "p/master.m3u8")
    );
    let younger = Current {
        job_key: "ee".repeat(32).parse().unwrap(),
        published: UnixMillis(5_000),
        ..moved
    };
    outputs.write(&key, &younger).await.unwrap();
    world.submit("c").await;
    assert_eq!(outputs.read::<Current>(&key).await.unwrap(), younger);
}
