use reelsmith_core::encode::EncodeState;
use reelsmith_core::ports::EncodeService as _;
use reelsmith_core::submission::State;

use super::*;
use crate::stack::fake::{World, key, name};

fn of(job: &str) -> Cancel {
    Cancel {
        job: Some(job.to_owned()),
        reason: "wrong cut".to_owned(),
    }
}

fn state(world: &World, digit: char) -> State {
    let rows = world.fake.submissions.rows();
    rows.into_iter()
        .find(|r| r.job_key == key(digit))
        .unwrap()
        .state
}

#[tokio::test]
async fn a_cancelled_job_is_stopped_released_and_announced() {
    let world = World::usual();
    let done = cancel(&world.target, &of("feature")).await.unwrap();
    insta::assert_snapshot!(done.join("\n"), @r"
    stopped feature-22222222222222222222222222222222
    released job bbbbbbbbbbbb (feature-s01e02)
    ");
    assert_eq!(state(&world, 'b'), State::Failed);
    let outbox = world.fake.submissions.outbox();
    assert_eq!(outbox.len(), 1);
    assert!(outbox[0].0.body.contains("wrong cut"), "{:?}", outbox[0].0);
    // A second time there is nothing to do, and that is said.
    let again = cancel(&world.target, &of("feature")).await.unwrap_err();
    assert_eq!(again.name, Name::JobEnded);
}

#[tokio::test]
async fn what_mediaconvert_makes_for_a_cancelled_job_is_called_off() {
    let world = World::usual();
    let order = reelsmith_testkit::orders::Ordered::usual().order().unwrap();
    let job = world.encodes.create(&order).await.unwrap();
    let rows = world.fake.submissions.rows();
    let mut row = rows.into_iter().find(|r| r.job_key == key('b')).unwrap();
    row.encoder = EncoderKind::MediaConvert;
    row.encoder_ref = Some(job.id.clone());
    world.fake.submissions.place(row);
    let done = cancel(&world.target, &of("feature")).await.unwrap();
    insta::assert_snapshot!(done.join("\n"), @r"
    stopped feature-22222222222222222222222222222222
    called off MediaConvert job 1-fake
    released job bbbbbbbbbbbb (feature-s01e02)
    ");
    let found = world.encodes.job(&job.id).await.unwrap();
    assert_eq!(found.state, EncodeState::Cancelled);
    assert_eq!(state(&world, 'b'), State::Failed);
}

#[tokio::test]
async fn what_has_ended_is_not_cancelled() {
    let world = World::usual();
    let trouble = cancel(&world.target, &of("pilot")).await.unwrap_err();
    insta::assert_snapshot!(trouble, @r"
    JobEnded: could not cancel pilot-11111111111111111111111111111111
      why:   it has ended, and its job is not held by it
      to do: nothing is left to do: `reelsmith show` tells how it ended
    ");
    assert_eq!(state(&world, 'a'), State::Complete);
    assert!(world.fake.calls.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_failed_job_is_run_again_under_a_name_that_is_free() {
    let world = World::usual();
    let short = name("short", '3');
    let first = format!("{short}-r1");
    let view = world.execution(&first, ExecutionStatus::Failed, 2_000, Some(1_000));
    world.place(view, &[], None);
    let request = Redrive { job: Some(first) };
    let (started, _) = redrive(&world.target, &request).await.unwrap();
    assert_eq!(started, format!("{short}-r2"));
    let calls = world.fake.calls.lock().unwrap().clone();
    insta::assert_snapshot!(calls.join("\n"), @r#"start short-33333333333333333333333333333333-r2 {"source":{"bucket":"reelsmith-input","key":"manifests/short.xml"}}"#);
}

#[tokio::test]
async fn a_job_whose_execution_was_stopped_is_released_for_the_one_that_follows() {
    let world = World::usual();
    let feature = world.arn(&name("feature", '2'));
    world
        .target
        .operations
        .stop(&feature, "by the console")
        .await
        .unwrap();
    let request = Redrive {
        job: Some("feature".into()),
    };
    let (started, done) = redrive(&world.target, &request).await.unwrap();
    assert_eq!(started, format!("{}-r1", name("feature", '2')));
    assert_eq!(done, ["released job bbbbbbbbbbbb (feature-s01e02)"]);
    assert_eq!(state(&world, 'b'), State::Failed);
}

#[tokio::test]
async fn what_was_cancelled_is_begun_anew_since_it_lost_its_hold() {
    let world = World::usual();
    cancel(&world.target, &of("feature")).await.unwrap();
    let request = Redrive {
        job: Some("feature".into()),
    };
    redrive(&world.target, &request).await.unwrap();
    let calls = world.fake.calls.lock().unwrap().join("\n");
    assert!(
        calls.contains("start feature") && !calls.contains("redrive"),
        "{calls}"
    );
}

#[tokio::test]
async fn what_runs_or_succeeded_is_not_run_again() {
    let world = World::usual();
    for (job, expected) in [("feature", Name::JobRunning), ("pilot", Name::JobEnded)] {
        let request = Redrive {
            job: Some(job.into()),
        };
        let trouble = redrive(&world.target, &request).await.unwrap_err();
        assert_eq!(trouble.name, expected, "{trouble}");
    }
}
