use reelsmith_core::encode::EncodeState;
use reelsmith_core::ports::EncodeService as _;
use reelsmith_core::submission::State;

use super::*;
use crate::testing::{FakeDeployment, key, name};

fn named(job: &str) -> JobArg {
    JobArg {
        name: Some(job.to_owned()),
    }
}

fn of(job: &str) -> CancelArgs {
    CancelArgs {
        job: named(job),
        reason: "wrong cut".to_owned(),
    }
}

fn state(deployment: &FakeDeployment, digit: char) -> State {
    let rows = deployment.operations.submissions.rows();
    rows.into_iter()
        .find(|r| r.job_key == key(digit))
        .unwrap()
        .state
}

#[tokio::test]
async fn a_cancelled_job_is_stopped_released_and_announced() {
    let deployment = FakeDeployment::usual();
    let done = cancel(&deployment.connection, &of("feature"))
        .await
        .unwrap();
    insta::assert_snapshot!(done.join("\n"), @r"
    stopped feature-22222222222222222222222222222222
    released job bbbbbbbbbbbb (feature-s01e02)
    ");
    assert_eq!(state(&deployment, 'b'), State::Failed);
    let outbox = deployment.operations.submissions.outbox();
    assert_eq!(outbox.len(), 1);
    assert!(outbox[0].0.body.contains("wrong cut"), "{:?}", outbox[0].0);
    // The second time there is nothing to do.
    let again = cancel(&deployment.connection, &of("feature"))
        .await
        .unwrap_err();
    assert_eq!(again.code, ErrorCode::JobEnded);
}

#[tokio::test]
async fn the_mediaconvert_job_of_a_cancelled_job_is_cancelled() {
    let deployment = FakeDeployment::usual();
    let order = reelsmith_testkit::orders::Ordered::usual().order().unwrap();
    let job = deployment.encodes.create(&order).await.unwrap();
    let rows = deployment.operations.submissions.rows();
    let mut row = rows.into_iter().find(|r| r.job_key == key('b')).unwrap();
    row.encoder = EncoderKind::MediaConvert;
    row.encoder_ref = Some(job.id.clone());
    deployment.operations.submissions.place(row);
    let done = cancel(&deployment.connection, &of("feature"))
        .await
        .unwrap();
    insta::assert_snapshot!(done.join("\n"), @r"
    stopped feature-22222222222222222222222222222222
    cancelled MediaConvert job 1-fake
    released job bbbbbbbbbbbb (feature-s01e02)
    ");
    let found = deployment.encodes.job(&job.id).await.unwrap();
    assert_eq!(found.state, EncodeState::Cancelled);
    assert_eq!(state(&deployment, 'b'), State::Failed);
}

#[tokio::test]
async fn an_ended_job_cannot_be_cancelled() {
    let deployment = FakeDeployment::usual();
    let error = cancel(&deployment.connection, &of("pilot"))
        .await
        .unwrap_err();
    insta::assert_snapshot!(error, @r"
    JobEnded: could not cancel pilot-11111111111111111111111111111111
      why:   the execution has ended, and it does not hold the job
      to do: no action needed; see `reelsmith show` for the outcome
    ");
    assert_eq!(state(&deployment, 'a'), State::Complete);
    assert!(deployment.operations.calls.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_failed_job_runs_again_under_the_next_free_name() {
    let deployment = FakeDeployment::usual();
    let short = name("short", '3');
    let first = format!("{short}-r1");
    let view = deployment.execution(&first, ExecutionStatus::Failed, 2_000, Some(1_000));
    deployment.add(view, &[], None);
    let (started, _) = redrive(&deployment.connection, &named(&first))
        .await
        .unwrap();
    assert_eq!(started, format!("{short}-r2"));
    let calls = deployment.operations.calls.lock().unwrap().clone();
    insta::assert_snapshot!(calls.join("\n"), @r#"start short-33333333333333333333333333333333-r2 {"source":{"bucket":"reelsmith-input","key":"manifests/short.xml"}}"#);
}

#[tokio::test]
async fn the_job_of_a_stopped_execution_is_released_before_it_runs_again() {
    let deployment = FakeDeployment::usual();
    let feature = deployment.arn(&name("feature", '2'));
    deployment
        .connection
        .operations
        .stop(&feature, "by the console")
        .await
        .unwrap();
    let (started, done) = redrive(&deployment.connection, &named("feature"))
        .await
        .unwrap();
    assert_eq!(started, format!("{}-r1", name("feature", '2')));
    assert_eq!(done, ["released job bbbbbbbbbbbb (feature-s01e02)"]);
    assert_eq!(state(&deployment, 'b'), State::Failed);
}

#[tokio::test]
async fn a_cancelled_execution_is_started_again_and_not_resumed() {
    let deployment = FakeDeployment::usual();
    cancel(&deployment.connection, &of("feature"))
        .await
        .unwrap();
    redrive(&deployment.connection, &named("feature"))
        .await
        .unwrap();
    let calls = deployment.operations.calls.lock().unwrap().join("\n");
    assert!(
        calls.contains("start feature") && !calls.contains("redrive"),
        "{calls}"
    );
}

#[tokio::test]
async fn a_running_or_successful_job_cannot_be_redriven() {
    let deployment = FakeDeployment::usual();
    for (job, expected) in [
        ("feature", ErrorCode::JobRunning),
        ("pilot", ErrorCode::JobEnded),
    ] {
        let error = redrive(&deployment.connection, &named(job))
            .await
            .unwrap_err();
        assert_eq!(error.code, expected, "{error}");
    }
}
