use reelsmith_contract::notice::JobPublished;
use reelsmith_core::admission::Ticket;
use reelsmith_core::encode::EncodeState;
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::keys::{AssetId, JobKey};
use reelsmith_core::ports::AdmissionStore as _;
use reelsmith_core::ports::{Clock as _, SubmissionStore as _};
use reelsmith_core::submission::{Fence, Outputs, Transition};
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
        submissions: Submissions::new(submissions.clone(), clock.clone()),
        announcer: announcer.clone(),
        workflow: workflow.clone(),
        admission: Admission::new(admissions.clone(), workflow.clone(), 1),
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
async fn a_job_whose_execution_was_stopped_is_released_with_a_failure_message() {
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

/// An order at MediaConvert for a job that this execution holds.
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
async fn an_order_is_cancelled_after_a_stop_and_continues_after_a_timeout() {
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
async fn a_job_that_was_stopped_while_it_ordered_is_released() {
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
    assert_eq!(world.reap().await.released, 1);
}

#[tokio::test]
async fn a_message_that_remained_in_the_outbox_is_sent() {
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
    assert_eq!(
        world.reap().await.sent,
        0,
        "its execution may still send it"
    );
    world.clock.advance_seconds(61);
    assert_eq!(world.reap().await.sent, 1);
    assert_eq!(world.reap().await.sent, 0);
}

#[tokio::test]
async fn the_working_files_of_a_job_with_an_unsent_success_are_deleted() {
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
    let published = JobPublished {
        job_key: job(),
        asset,
        manifest_id: "m".into(),
        title: "t".into(),
        series: "s".into(),
        generation: Generation(2),
        attempt: 1,
        execution: "arn:x:e".into(),
        outputs: Outputs {
            bucket: "out".into(),
            prefix: "p/".into(),
            hls: "h".into(),
            dash: None,
            report: "r".into(),
            mock: false,
        },
        summary: "pass".into(),
    };
    let body = Notice::new(Event::Success(published)).body();
    for (id, body) in [("success#g2", body), ("success#g9", "{}".into())] {
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
        "its execution may still send it"
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
async fn slots_of_ended_executions_are_freed_and_missing_executions_are_started() {
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
async fn the_files_of_an_abandoned_job_are_deleted() {
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
async fn an_incomplete_deletion_is_finished() {
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
