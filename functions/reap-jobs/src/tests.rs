use reelsmith_core::admission::Ticket;
use reelsmith_core::encode::EncodeState;
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::ports::AdmissionStore as _;
use reelsmith_testkit::fakes::{
    ManualClock, MemoryAdmissions, MemoryAnnouncer, MemoryEncodes, MemoryStore, MemorySubmissions,
    MemoryWorkflow,
};
use reelsmith_testkit::orders::Ordered;

use super::*;

struct World {
    ports: Arc<Ports>,
    submissions: Arc<MemorySubmissions>,
    announcer: Arc<MemoryAnnouncer>,
    workflow: Arc<MemoryWorkflow>,
    encodes: Arc<MemoryEncodes>,
    admissions: Arc<MemoryAdmissions>,
    clock: Arc<ManualClock>,
}

const DAY: u32 = 86_400;

fn world() -> World {
    let submissions = Arc::new(MemorySubmissions::default());
    let announcer = Arc::new(MemoryAnnouncer::default());
    let workflow = Arc::new(MemoryWorkflow::default());
    let admissions = Arc::new(MemoryAdmissions::default());
    let clock = Arc::new(ManualClock::at(UnixMillis(1_767_225_600_000)));
    let encodes = Arc::new(MemoryEncodes::new(clock.clone()));
    let ports = Ports {
        encodes: Some(encodes.clone()),
        outputs: Objects::new(Arc::new(MemoryStore::with_buckets(["out"])), "out"),
        submissions: submissions.clone(),
        announcer: announcer.clone(),
        workflow: workflow.clone(),
        admission: Admission::new(admissions.clone(), workflow.clone(), 1),
        clock: clock.clone(),
        abandoned_after: DAY,
    };
    World {
        ports: Arc::new(ports),
        submissions,
        announcer,
        workflow,
        encodes,
        admissions,
        clock,
    }
}

fn job() -> JobKey {
    "ab".repeat(32).parse().unwrap()
}

impl World {
    async fn reap(&self) -> ReapOutput {
        let call = handle(
            self.ports.clone(),
            serde_json::Value::Null,
            Invocation::of_test("r"),
        );
        call.await.unwrap()
    }

    async fn apply(&self, step: Step) -> Row {
        let transition = Transition {
            job_key: job(),
            step,
            notice: None,
        };
        let outcome = self.submissions.apply(&transition, self.clock.now()).await;
        match outcome.unwrap() {
            TransitionOutcome::Applied(row) => row,
            other => panic!("{other:?}"),
        }
    }

    async fn reserve(&self, execution: &str) -> Row {
        self.reserve_for(execution, EncoderKind::Lambda).await
    }

    async fn reserve_for(&self, execution: &str, encoder: EncoderKind) -> Row {
        let row = self
            .apply(Step::Reserve {
                asset: AssetId::of_episode("show", 1, 1),
                manifest_id: "m".into(),
                encoder,
                owner: format!("arn:aws:states:r:1:execution:m:{execution}"),
                lease_seconds: DAY,
                force: false,
            })
            .await;
        self.clock.advance_seconds(1);
        row
    }
}

fn fence(row: &Row) -> Fence {
    Fence {
        generation: row.generation,
        attempt: row.attempt,
        owner: row.owner.clone(),
    }
}

fn ticket(name: &str) -> Ticket {
    Ticket {
        execution: name.into(),
        input: "{}".into(),
        priority: 5,
        arrived: UnixMillis(1),
    }
}

#[tokio::test]
async fn a_job_whose_execution_was_stopped_is_released_and_said_to_have_failed() {
    let world = world();
    world.reserve("a").await;
    assert_eq!(
        world.reap().await,
        ReapOutput::default(),
        "it may still run"
    );
    world.workflow.end("a");
    world.clock.advance_seconds(61);
    assert_eq!(world.reap().await.released, 1);
    let row = world.submissions.rows().remove(0);
    assert_eq!(row.state, State::Failed);
    assert_eq!(row.failures[0].error, "ExecutionEnded");
    world.clock.advance_seconds(61);
    assert_eq!(world.reap().await.sent, 1);
    let message = world.announcer.messages().remove(0);
    assert_eq!(message.id, "execution#a#failure");
    assert!(message.body.contains("ExecutionEnded"), "{}", message.body);
    world.clock.advance_seconds(61);
    assert_eq!(
        world.reap().await,
        ReapOutput::default(),
        "all is said and done"
    );
}

/// An order of the service for a job that this execution holds.
async fn order(world: &World, row: &Row) {
    let order = Ordered::usual().order().unwrap();
    let job = world.encodes.create(&order).await.unwrap();
    let lease_seconds = DAY;
    for step in [
        Step::Intend {
            fence: fence(row),
            lease_seconds,
        },
        Step::Commit {
            fence: fence(row),
            encoder_ref: job.id,
            lease_seconds,
        },
    ] {
        world.apply(step).await;
    }
}

#[tokio::test]
async fn the_order_of_an_execution_is_called_off_where_it_was_stopped_and_not_where_its_time_was_up()
 {
    for (stopped, state) in [
        (true, EncodeState::Cancelled),
        (false, EncodeState::Waiting),
    ] {
        let world = world();
        let row = world.reserve_for("a", EncoderKind::MediaConvert).await;
        order(&world, &row).await;
        if stopped {
            world.workflow.end("a");
        } else {
            world.workflow.time_out("a");
        }
        world.clock.advance_seconds(61);
        assert_eq!(world.reap().await.released, 1, "its order is known");
        assert_eq!(world.encodes.jobs()[0].state, state, "stopped: {stopped}");
    }
}

#[tokio::test]
async fn a_hold_that_may_be_about_to_order_is_respected_to_its_end() {
    let world = world();
    let row = world.reserve_for("a", EncoderKind::MediaConvert).await;
    world
        .apply(Step::Intend {
            fence: fence(&row),
            lease_seconds: DAY,
        })
        .await;
    world.workflow.end("a");
    world.clock.advance_seconds(61);
    assert_eq!(world.reap().await.released, 0);
    world.clock.advance_seconds(DAY);
    assert_eq!(world.reap().await.released, 1);
}

#[tokio::test]
async fn a_message_that_its_execution_could_not_send_is_sent() {
    let world = world();
    let entry = OutboxEntry {
        outbox: "execution#x".into(),
        id: "failure".into(),
        kind: NoticeKind::Failure,
        subject: "s".into(),
        body: "{}".into(),
        created: world.clock.now(),
    };
    world.submissions.enqueue(&entry).await.unwrap();
    assert_eq!(world.reap().await.sent, 0, "its execution may be about to");
    world.clock.advance_seconds(61);
    assert_eq!(world.reap().await.sent, 1);
    assert_eq!(world.reap().await.sent, 0);
}

#[tokio::test]
async fn a_success_that_was_never_sent_takes_the_working_files_of_its_job_along() {
    let world = world();
    let asset = AssetId::of_episode("show", 1, 1);
    let keys = GenerationKeys::new(&asset, &job(), Generation(2));
    let older = GenerationKeys::new(&asset, &job(), Generation::FIRST);
    let (working, kept) = (
        [keys.items("video"), keys.failure("00000-0")],
        [
            keys.plan(),
            keys.output("master.m3u8"),
            older.items("video"),
        ],
    );
    for key in working.iter().chain(&kept) {
        world.ports.outputs.write(key, &1).await.unwrap();
    }
    let body =
        serde_json::json!({"kind": "success", "job_key": job(), "asset": asset, "generation": 2});
    for (id, body) in [
        ("success#g2", body.to_string()),
        ("success#g9", "{}".into()),
    ] {
        let entry = OutboxEntry {
            outbox: job().to_string(),
            id: id.into(),
            kind: NoticeKind::Success,
            subject: "s".into(),
            body,
            created: world.clock.now(),
        };
        world.submissions.enqueue(&entry).await.unwrap();
    }
    assert_eq!(
        world.reap().await,
        ReapOutput::default(),
        "its execution may be about to"
    );
    world.clock.advance_seconds(61);
    let reaped = world.reap().await;
    assert_eq!((reaped.sent, reaped.deleted), (2, 2));
    let left = world.ports.outputs.store().list("out", "").await.unwrap();
    let left: std::collections::BTreeSet<String> = left.into_iter().map(|o| o.key).collect();
    assert_eq!(
        left,
        kept.into(),
        "another generation, the evidence and the outputs stay"
    );
    assert_eq!(world.reap().await, ReapOutput::default());
}

#[tokio::test]
async fn slots_of_ended_executions_go_to_those_who_wait_and_one_that_never_started_starts() {
    let world = world();
    for name in ["first", "second"] {
        world.admissions.join(&ticket(name)).await.unwrap();
    }
    // A crash between the slot and the start.
    world.admissions.admit(&ticket("first"), 1).await.unwrap();
    let reaped = world.reap().await;
    assert_eq!((reaped.freed, reaped.started), (0, 0));
    assert_eq!(world.workflow.executions()[0].0, "first");
    world.workflow.end("first");
    let reaped = world.reap().await;
    assert_eq!((reaped.freed, reaped.started), (1, 1));
    assert_eq!(world.workflow.executions().len(), 2);
    assert_eq!(world.admissions.waiting(1).await.unwrap(), []);
}

#[tokio::test]
async fn what_a_failed_job_made_is_deleted_when_nobody_came_back_for_it() {
    let world = world();
    let row = world.reserve("a").await;
    let keys = GenerationKeys::new(&row.asset, &row.job_key, row.generation);
    let made = [
        keys.plan(),
        keys.chunk_record(0, 0),
        keys.output("video/x/init.mp4"),
    ];
    for key in &made {
        world.ports.outputs.write(key, &1).await.unwrap();
    }
    world
        .ports
        .outputs
        .write(&keys.current(), &1)
        .await
        .unwrap();
    world
        .apply(Step::Fail {
            fence: fence(&row),
            error: "E".into(),
            cause: "c".into(),
        })
        .await;
    assert_eq!(world.reap().await.deleted, 0, "another attempt may use it");
    world.clock.advance_seconds(DAY + 1);
    assert_eq!(world.reap().await.deleted, 3);
    let left = world.ports.outputs.store().list("out", "").await.unwrap();
    assert_eq!(left.len(), 1, "the pointer is another job's");
    let next = world.reserve("b").await;
    assert_eq!((next.generation, next.attempt), (Generation(2), 1));
}

#[tokio::test]
async fn a_deletion_that_was_cut_short_is_finished() {
    let world = world();
    let row = world.reserve("a").await;
    let keys = GenerationKeys::new(&row.asset, &row.job_key, row.generation);
    world.ports.outputs.write(&keys.plan(), &1).await.unwrap();
    world
        .apply(Step::Fail {
            fence: fence(&row),
            error: "E".into(),
            cause: "c".into(),
        })
        .await;
    world
        .apply(Step::Abandon {
            generation: row.generation,
            attempt: row.attempt,
        })
        .await;
    world.clock.advance_seconds(DAY + 1);
    assert_eq!(world.reap().await.deleted, 1);
}
