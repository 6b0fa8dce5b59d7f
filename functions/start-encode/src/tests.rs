use reelsmith_core::encode::EncodeState;
use reelsmith_core::keys::JobKeys;
use reelsmith_core::ports::PortErrorKind;
use reelsmith_core::ports::{Clock as _, SubmissionStore as _};
use reelsmith_core::submission::Transition;
use reelsmith_core::submission::{Fence, State};
use reelsmith_testkit::fakes::{ManualClock, MemoryEncodes, MemoryStore, MemorySubmissions};
use reelsmith_testkit::faults::{Call, Effect, Faults, Faulty};
use reelsmith_testkit::orders::Ordered;

use super::*;

struct World {
    outputs: Objects,
    submissions: Arc<MemorySubmissions>,
    encodes: Arc<MemoryEncodes>,
    clock: Arc<ManualClock>,
    ordered: Ordered,
}

const LEASE: u32 = 7_200;

impl World {
    async fn new() -> Self {
        let ordered = Ordered::usual();
        let clock = Arc::new(ManualClock::default());
        let world = Self {
            outputs: Objects::new(Arc::new(MemoryStore::with_buckets(["out"])), "out"),
            submissions: Arc::new(MemorySubmissions::default()),
            encodes: Arc::new(MemoryEncodes::new(clock.clone())),
            clock,
            ordered,
        };
        let job = &world.ordered.job;
        let keys = JobKeys(&job.job_key);
        world.outputs.write(&keys.job(), job).await.unwrap();
        let inspection = &world.ordered.inspection;
        world
            .outputs
            .write(&keys.probe(), inspection)
            .await
            .unwrap();
        world
    }

    /// Reserves the job for an execution and plans it, as the earlier states do.
    async fn reserved(&self, owner: &str) -> Claim {
        let job = &self.ordered.job;
        let step = Step::Reserve {
            asset: job.asset.clone(),
            manifest_id: job.manifest.manifest_id.clone(),
            encoder: job.encoder,
            owner: owner.to_owned(),
            lease_seconds: LEASE,
            force: false,
        };
        let TransitionOutcome::Applied(row) = self.apply(step).await else {
            panic!("not reserved");
        };
        let claim = claim(&row);
        let plan = &self.ordered.plan;
        self.outputs
            .write(&claim.keys().plan(), plan)
            .await
            .unwrap();
        claim
    }

    async fn apply(&self, step: Step) -> TransitionOutcome {
        let transition = Transition {
            job_key: self.ordered.job.job_key.clone(),
            step,
            notice: None,
        };
        let now = self.clock.now();
        self.submissions.apply(&transition, now).await.unwrap()
    }

    async fn fail(&self, claim: &Claim) {
        let step = Step::Fail {
            fence: claim.fence.clone(),
            error: "E".to_owned(),
            cause: String::new(),
        };
        assert!(matches!(
            self.apply(step).await,
            TransitionOutcome::Applied(_)
        ));
    }

    async fn start(&self, claim: &Claim, faults: &Arc<Faults>) -> Result<String, Failure> {
        let ports = Ports {
            outputs: self.outputs.clone(),
            submissions: Submissions::new(
                Arc::new(Faulty::new(self.submissions.clone(), faults.clone())),
                self.clock.clone(),
            ),
            encodes: Arc::new(Faulty::new(self.encodes.clone(), faults.clone())),
            lease_seconds: LEASE,
        };
        let input = ClaimInput {
            claim: claim.clone(),
        };
        let output = handle(Arc::new(ports), input, Invocation::of_test("r")).await;
        output.map(|output| output.encode_id)
    }
}

fn claim(row: &Row) -> Claim {
    Claim {
        job_key: row.job_key.clone(),
        asset: row.asset.clone(),
        fence: Fence {
            generation: row.generation,
            attempt: row.attempt,
            owner: row.owner.clone(),
        },
    }
}

#[tokio::test]
async fn an_order_is_placed_and_committed_once() {
    let world = World::new().await;
    let claim = world.reserved("a").await;
    let id = world.start(&claim, &Faults::none()).await.unwrap();
    let row = &world.submissions.rows()[0];
    assert_eq!(row.state, State::Submitted);
    assert_eq!(row.encoder_ref.as_ref(), Some(&id));
    world.clock.advance_seconds(3_600);
    assert_eq!(world.start(&claim, &Faults::none()).await, Ok(id));
    assert_eq!(world.encodes.jobs().len(), 1);
}

/// Every call fails once, before or after it took effect; then the state is retried, at once or long after the client token
/// has expired.
#[tokio::test]
async fn one_order_exists_whichever_call_fails() {
    for later in [1, 61] {
        for call in [Call::Apply, Call::CreateEncode, Call::FindEncodes] {
            for nth in 1..=2 {
                let kind = PortErrorKind::Unavailable;
                for effect in [Effect::Fail(kind), Effect::LoseAnswer(kind)] {
                    let world = World::new().await;
                    let claim = world.reserved("a").await;
                    let faults = Faults::none();
                    faults.at_call(call, nth, effect);
                    let first = world.start(&claim, &faults).await;
                    world.clock.advance_seconds(later);
                    let second = world.start(&claim, &Faults::none()).await.unwrap();
                    let told = format!("{call:?} {nth} {effect} {later} s: {first:?}");
                    let jobs = world.encodes.jobs();
                    assert_eq!(jobs.len(), 1, "{told}");
                    assert_eq!(jobs[0].id, second, "{told}");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_execution_that_takes_over_adopts_the_running_order() {
    let world = World::new().await;
    let first = world.reserved("a").await;
    let id = world.start(&first, &Faults::none()).await.unwrap();
    world.clock.advance_seconds(LEASE + 1);
    let second = world.reserved("b").await;
    assert_eq!(second.fence.attempt, 2);
    assert_eq!(world.start(&second, &Faults::none()).await, Ok(id));
    assert_eq!(world.encodes.jobs().len(), 1);
    let late = world.start(&first, &Faults::none()).await.unwrap_err();
    assert_eq!(late.name, ErrorName::SubmissionLost);
}

/// The shortest counterexample to a token per attempt: a call hangs before the order, its execution fails, and the next one
/// orders before the late call does. Figures: `core/tests/submission_model`.
#[tokio::test]
async fn a_late_call_of_a_failed_execution_gets_the_order_of_the_next_one() {
    let world = World::new().await;
    let first = world.reserved("a").await;
    let slow = Faults::none();
    let later = std::time::Duration::from_millis(100);
    slow.at_call(Call::CreateEncode, 1, Effect::Delay(later));
    let next = async {
        world.fail(&first).await;
        let second = world.reserved("b").await;
        world.start(&second, &Faults::none()).await
    };
    let (late, id) = tokio::join!(world.start(&first, &slow), next);
    assert_eq!(late.unwrap_err().name, ErrorName::SubmissionLost);
    let jobs = world.encodes.jobs();
    assert_eq!(jobs.len(), 1);
    assert_eq!(id.as_ref(), Ok(&jobs[0].id));
    let row = &world.submissions.rows()[0];
    assert_eq!(row.encoder_ref.as_ref(), id.as_ref().ok());
}

/// The search does not show the cancelled order yet, but its token is still known.
#[tokio::test]
async fn an_order_that_the_token_returns_after_its_end_is_followed_by_another() {
    let world = World::new().await;
    let order = world.ordered.order().unwrap();
    let ended = world.encodes.create(&order).await.unwrap().id;
    world.encodes.cancel(&ended).await.unwrap();
    let claim = world.reserved("a").await;
    let id = world.start(&claim, &Faults::none()).await.unwrap();
    let numbers: Vec<_> = world
        .encodes
        .jobs()
        .into_iter()
        .map(|job| (job.tag.number, job.id == id))
        .collect();
    assert_eq!(numbers, [(1, false), (2, true)]);
}

#[tokio::test]
async fn a_failed_order_is_repeated_and_a_finished_one_is_adopted() {
    for (state, jobs) in [
        (EncodeState::Cancelled, 2),
        (
            EncodeState::Failed {
                code: 1,
                message: String::new(),
            },
            2,
        ),
        (EncodeState::Done, 1),
    ] {
        let world = World::new().await;
        let first = world.reserved("a").await;
        let id = world.start(&first, &Faults::none()).await.unwrap();
        world.encodes.set(&id, state.clone());
        world.fail(&first).await;
        let second = world.reserved("b").await;
        world.start(&second, &Faults::none()).await.unwrap();
        assert_eq!(world.encodes.jobs().len(), jobs, "{state:?}");
    }
}

#[tokio::test]
async fn of_two_running_orders_the_older_is_cancelled() {
    let world = World::new().await;
    let claim = world.reserved("a").await;
    let order = world.ordered.order().unwrap();
    world.encodes.create(&order).await.unwrap();
    world.clock.advance_seconds(61);
    let newer = world.encodes.create(&order).await.unwrap();
    world.fail(&claim).await;
    let next = world.reserved("b").await;
    let id = world.start(&next, &Faults::none()).await.unwrap();
    assert_eq!(id, newer.id);
    let states: Vec<_> = world.encodes.jobs().into_iter().map(|j| j.state).collect();
    assert_eq!(states, [EncodeState::Cancelled, EncodeState::Waiting]);
}

#[tokio::test]
async fn a_running_order_of_an_older_generation_is_cancelled() {
    let world = World::new().await;
    let first = world.reserved("a").await;
    let old = world.start(&first, &Faults::none()).await.unwrap();
    world.fail(&first).await;
    let abandon = Step::Abandon {
        generation: first.fence.generation,
        attempt: 1,
    };
    assert!(matches!(
        world.apply(abandon).await,
        TransitionOutcome::Applied(_)
    ));
    let second = world.reserved("b").await;
    assert_eq!((second.fence.generation.0, second.fence.attempt), (2, 1));
    let new = world.start(&second, &Faults::none()).await.unwrap();
    assert_ne!(old, new, "another generation is another encode");
    let states: Vec<_> = world.encodes.jobs().into_iter().map(|j| j.state).collect();
    assert_eq!(states, [EncodeState::Cancelled, EncodeState::Waiting]);
}

#[tokio::test]
async fn an_impossible_order_fails_before_anything_is_written() {
    let mut world = World::new().await;
    world.ordered.plan.video[0].rung.resolution.width = 16;
    let claim = world.reserved("a").await;
    let failure = world.start(&claim, &Faults::none()).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::OrderImpossible);
    assert_eq!(world.submissions.rows()[0].intended, None);
}
