use reelsmith_core::keys::JobKeys;
use reelsmith_core::object::ObjectRef;
use reelsmith_core::ports::PutOptions;
use reelsmith_core::ports::{Clock as _, SubmissionStore as _};
use reelsmith_core::submission::{Fence, Step, Transition, TransitionOutcome};
use reelsmith_testkit::fakes::{ManualClock, MemoryEncodes, MemoryStore, MemorySubmissions};
use reelsmith_testkit::orders::Ordered;

use super::*;

struct World {
    ports: Arc<Ports>,
    submissions: Arc<MemorySubmissions>,
    encodes: Arc<MemoryEncodes>,
    clock: Arc<ManualClock>,
    store: Arc<MemoryStore>,
    ordered: Ordered,
    id: String,
}

impl World {
    /// An order that was placed and committed.
    async fn new() -> Self {
        let mut ordered = Ordered::usual();
        let clock = Arc::new(ManualClock::default());
        let store = Arc::new(MemoryStore::with_buckets(["out"]));
        store.add_bucket("in", true);
        let outputs = Objects::new(store.clone(), "out");
        let submissions = Arc::new(MemorySubmissions::default());
        let encodes = Arc::new(MemoryEncodes::new(clock.clone()));
        let mezzanine = ordered.inspection.mezzanine.object.clone();
        put(&store, &mezzanine, "film").await;
        ordered.inspection.mezzanine = store.head(&mezzanine).await.unwrap().pin;
        let probe = JobKeys(&ordered.job.job_key).probe();
        outputs.write(&probe, &ordered.inspection).await.unwrap();
        let order = ordered.order().unwrap();
        let id = encodes.create(&order).await.unwrap().id;
        let ports = Arc::new(Ports {
            store: store.clone(),
            outputs,
            submissions: Submissions::new(submissions.clone(), clock.clone()),
            encodes: encodes.clone(),
        });
        let world = Self {
            ports,
            submissions,
            encodes,
            clock,
            store,
            ordered,
            id,
        };
        world.submitted().await;
        world
    }

    async fn submitted(&self) {
        let job = &self.ordered.job;
        let reserve = Step::Reserve {
            asset: job.asset.clone(),
            manifest_id: job.manifest.manifest_id.clone(),
            encoder: job.encoder,
            owner: self.ordered.fence.owner.clone(),
            lease_seconds: 60,
            force: false,
        };
        let commit = Step::Commit {
            fence: self.ordered.fence.clone(),
            encoder_ref: self.id.clone(),
            lease_seconds: 60,
        };
        for step in [reserve, commit] {
            let transition = Transition {
                job_key: job.job_key.clone(),
                step,
                notice: None,
            };
            let outcome = self.submissions.apply(&transition, self.clock.now()).await;
            assert!(matches!(outcome, Ok(TransitionOutcome::Applied(_))));
        }
    }

    fn claim(&self) -> Claim {
        Claim {
            job_key: self.ordered.job.job_key.clone(),
            asset: self.ordered.job.asset.clone(),
            fence: self.ordered.fence.clone(),
        }
    }

    async fn look(&self) -> Result<CheckJobOutput, Failure> {
        self.look_with(self.claim()).await
    }

    async fn look_with(&self, claim: Claim) -> Result<CheckJobOutput, Failure> {
        let input = ClaimInput { claim };
        handle(self.ports.clone(), input, Invocation::of_test("r")).await
    }
}

async fn put(store: &MemoryStore, object: &ObjectRef, body: &'static str) {
    let put = store.put(object, body.into(), &PutOptions::default()).await;
    put.unwrap();
}

#[tokio::test]
async fn an_encode_is_polled_until_it_is_done_and_then_recorded() {
    let world = World::new().await;
    let first = world.look().await.unwrap();
    assert_eq!((first.percent, first.wait_seconds), (0, 5));
    world.clock.advance_seconds(240);
    let running = EncodeState::Running { percent: 40 };
    world.encodes.set(&world.id, running);
    let second = world.look().await.unwrap();
    assert_eq!(second.state, Progress::Running);
    assert_eq!((second.percent, second.wait_seconds), (40, 30));
    world.encodes.set(&world.id, EncodeState::Done);
    for _ in 0..2 {
        assert_eq!(world.look().await.unwrap().state, Progress::Done);
    }
    let key = world.claim().keys().encode_record();
    let record: EncodeRecord = world.ports.outputs.read(&key).await.unwrap();
    assert_eq!(record.job.id, world.id);
}

#[tokio::test]
async fn a_failed_or_cancelled_encode_reports_the_code_and_message_of_the_service() {
    let world = World::new().await;
    world.encodes.set(
        &world.id,
        EncodeState::Failed {
            code: 1404,
            message: "Unable to open input file".to_owned(),
        },
    );
    let failure = world.look().await.unwrap_err();
    assert_eq!(failure.name, ErrorName::MediaConvertJobFailed);
    assert_eq!(failure.found, "error 1404: Unable to open input file");
    world.encodes.set(&world.id, EncodeState::Cancelled);
    let failure = world.look().await.unwrap_err();
    assert_eq!(failure.found, "it was cancelled");
}

#[tokio::test]
async fn a_mezzanine_that_was_replaced_during_the_encode_is_an_error() {
    let world = World::new().await;
    world.encodes.set(&world.id, EncodeState::Done);
    put(
        &world.store,
        &world.ordered.inspection.mezzanine.object,
        "another",
    )
    .await;
    let failure = world.look().await.unwrap_err();
    assert_eq!(failure.name, ErrorName::MezzanineChanged);
}

#[tokio::test]
async fn an_execution_that_lost_the_job_stops_polling() {
    let world = World::new().await;
    let other = Claim {
        fence: Fence {
            attempt: 2,
            ..world.ordered.fence.clone()
        },
        ..world.claim()
    };
    let failure = world.look_with(other).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::SubmissionLost);
}
