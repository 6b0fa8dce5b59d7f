use reelsmith_contract::payload::{
    Execution, FailedState, JobRef, ManifestObject, SubmitJobOutput,
};
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::keys::{AssetId, Generation, JobKey};
use reelsmith_core::submission::{Fence, Row, State};
use reelsmith_core::time::UnixMillis;
use reelsmith_testkit::fakes::{ManualClock, MemoryStore, MemorySubmissions};

use super::*;

fn key() -> JobKey {
    "ab".repeat(32).parse().unwrap()
}

fn claim() -> Claim {
    Claim {
        job_key: key(),
        asset: AssetId::of_episode("show", 1, 1),
        fence: Fence {
            generation: Generation::FIRST,
            attempt: 1,
            owner: "arn:me".into(),
        },
    }
}

fn input(error: &str, cause: &str, submitted: bool) -> FailJobInput {
    let submission = SubmitJobOutput {
        decision: Decision::Encode,
        encoder: EncoderKind::Lambda,
        claim: claim(),
        outputs: None,
        outbox: key().to_string(),
    };
    FailJobInput {
        execution: Execution {
            id: "arn:me".into(),
            name: "me".into(),
        },
        state: FailedState {
            source: ManifestObject {
                bucket: "in".into(),
                key: "manifests/a.xml".into(),
                version_id: None,
            },
            job: None,
            submission: submitted.then_some(submission),
            error: Caught {
                error: error.into(),
                cause: cause.into(),
            },
        },
    }
}

fn world(owner: &str) -> (Arc<Ports>, Arc<MemorySubmissions>) {
    let submissions = Arc::new(MemorySubmissions::default());
    submissions.place(Row {
        job_key: key(),
        asset: claim().asset,
        manifest_id: "m".into(),
        state: State::Submitted,
        generation: Generation::FIRST,
        attempt: 1,
        owner: owner.into(),
        lease_until: UnixMillis(i64::MAX),
        encoder: EncoderKind::Lambda,
        intended: None,
        encoder_ref: None,
        outputs: None,
        failures: vec![],
        created: UnixMillis(0),
        updated: UnixMillis(0),
    });
    let ports = Ports {
        outputs: Objects::new(Arc::new(MemoryStore::with_buckets(["out"])), "out"),
        submissions: Submissions::new(
            submissions.clone(),
            Arc::new(ManualClock::at(UnixMillis(9))),
        ),
        encodes: None,
    };
    (Arc::new(ports), submissions)
}

async fn run(ports: &Arc<Ports>, input: FailJobInput) -> FailJobOutput {
    handle(ports.clone(), input, Invocation::of_test("r"))
        .await
        .unwrap()
}

#[tokio::test]
async fn the_row_is_released_with_the_reason_and_one_message() {
    let (ports, submissions) = world("arn:me");
    let cause = r#"{"errorType":"OutputInvalid","errorMessage":"expected x; found y"}"#;
    for _ in 0..2 {
        let output = run(&ports, input("OutputInvalid", cause, true)).await;
        assert_eq!(
            (output.error.as_str(), output.cause.as_str()),
            ("OutputInvalid", "expected x; found y")
        );
    }
    let row = &submissions.rows()[0];
    assert_eq!((row.state, row.failures.len()), (State::Failed, 1));
    assert_eq!(submissions.outbox().len(), 1);
}

#[tokio::test]
async fn a_failed_map_reports_the_note_whose_record_does_not_exist() {
    let (ports, _) = world("arn:me");
    let keys = claim().keys();
    for (item, at) in [("00003-0", 5), ("00001-0", 7)] {
        let note = FailureNote {
            error: "EncoderFailed".into(),
            cause: "expected a; found b".into(),
            item: format!("chunk {item}"),
            record: keys.chunk_record(item[..5].parse().unwrap(), 0),
            at: UnixMillis(at),
        };
        ports
            .outputs
            .write(&keys.failure(item), &note)
            .await
            .unwrap();
    }
    ports
        .outputs
        .write(&keys.chunk_record(1, 0), &1)
        .await
        .unwrap();
    let output = run(&ports, input(MAP_FAILED[0], "", true)).await;
    assert_eq!(output.error, "EncoderFailed");
    assert_eq!(output.cause, "chunk 00003-0: expected a; found b");
}

#[tokio::test]
async fn a_failed_map_without_a_note_is_worker_failed() {
    let (ports, _) = world("arn:me");
    assert_eq!(
        run(&ports, input(MAP_FAILED[0], "", true)).await.error,
        "WorkerFailed"
    );
}

#[tokio::test]
async fn an_execution_without_a_job_reports_its_failure() {
    let (ports, submissions) = world("arn:me");
    let output = run(&ports, input("ManifestInvalid", "plain text", false)).await;
    assert_eq!(
        (output.cause.as_str(), output.outbox.as_str()),
        ("plain text", "execution#me")
    );
    assert_eq!(submissions.outbox().len(), 1);
    assert_eq!(submissions.rows()[0].state, State::Submitted);
}

#[tokio::test]
async fn a_job_that_another_execution_holds_is_not_released() {
    let (ports, submissions) = world("arn:other");
    run(&ports, input("States.Timeout", "", true)).await;
    assert_eq!(submissions.rows()[0].state, State::Submitted);
    assert_eq!(submissions.outbox().len(), 1);
}

#[tokio::test]
async fn a_hold_that_is_missing_in_the_state_data_is_found_in_the_row() {
    for (owner, state) in [("arn:me", State::Failed), ("arn:other", State::Submitted)] {
        let (ports, submissions) = world(owner);
        let mut input = input("TableUnavailable", "", false);
        input.state.job = Some(JobRef {
            job_key: key(),
            asset: claim().asset,
        });
        for _ in 0..2 {
            run(&ports, input.clone()).await;
            assert_eq!(submissions.rows()[0].state, state, "{owner}");
            assert_eq!(submissions.outbox().len(), 1, "{owner}");
        }
    }
}
