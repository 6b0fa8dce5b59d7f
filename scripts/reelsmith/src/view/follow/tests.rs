use std::sync::{Arc, Mutex};

use indicatif::{InMemoryTerm, ProgressDrawTarget};
use reelsmith_contract::payload::{Claim, Decision, SubmitJobOutput};
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::keys::GenerationKeys;
use reelsmith_core::submission::Fence;

use super::*;
use crate::testing::{FakeDeployment, NOW, key, name};

/// A writer that keeps what is written.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

const PLAN: &str = include_str!("../../../testdata/plan.json");

/// An execution during its encode: chunk 0 is encoded in both groups, chunk 1 failed once in the second group.
fn encoding() -> (FakeDeployment, ExecutionView) {
    let deployment = FakeDeployment::empty();
    let name = name("film", '5');
    let view = deployment.execution(&name, ExecutionStatus::Running, 40_000, None);
    let claim = Claim {
        job_key: key('d'),
        asset: "film-s01e01".parse().unwrap(),
        fence: Fence {
            generation: reelsmith_core::keys::Generation::FIRST,
            attempt: 1,
            owner: view.summary.arn.clone(),
        },
    };
    let keys = claim.keys();
    let submission = SubmitJobOutput {
        decision: Decision::Encode,
        encoder: EncoderKind::Lambda,
        claim,
        outputs: None,
        outbox: String::new(),
    };
    deployment.add(
        view.clone(),
        &[
            (0, "+ParseManifest"),
            (400, "-ParseManifest"),
            (400, "+ValidateInput"),
            (900, "!MezzanineMissing"),
            (1_900, "!MezzanineMissing"),
            (4_000, "-ValidateInput"),
            (4_000, "+SubmitJob"),
            (4_500, "-SubmitJob"),
            (4_500, "+Decide"),
            (4_500, "-Decide"),
            (4_500, "+PlanChunks"),
            (6_000, "-PlanChunks"),
            (6_000, "+Encode"),
            (6_010, "+TranscodeChunks"),
            (6_011, "+HasAudio"),
            (6_012, "-HasAudio"),
        ],
        None,
    );
    let mut histories = deployment.operations.histories.lock().unwrap();
    for event in histories.get_mut(&view.summary.arn).unwrap() {
        if let HistoryKind::Exited { output, .. } = &mut event.kind {
            *output = serde_json::json!({ "submission": submission }).to_string();
        }
    }
    drop(histories);
    encoded(&deployment, &keys, &[(0, 0), (0, 1)]);
    deployment.put(&keys.plan(), PLAN);
    deployment.put(&keys.failure("00001-1"), "{}");
    let run = MapRun {
        label: "TranscodeChunks".into(),
        total: 8,
        succeeded: 2,
        failed: 0,
        running: 2,
    };
    deployment
        .operations
        .maps
        .lock()
        .unwrap()
        .insert(view.summary.arn.clone(), vec![run]);
    (deployment, view)
}

fn encoded(deployment: &FakeDeployment, keys: &GenerationKeys, items: &[(u32, u32)]) {
    for (chunk, group) in items {
        deployment.put(&keys.chunk_record(*chunk, *group), "{}");
    }
}

fn finish(deployment: &FakeDeployment, view: &ExecutionView, status: ExecutionStatus) {
    let mut all = deployment.operations.executions.lock().unwrap();
    let found = all
        .iter_mut()
        .find(|e| e.summary.arn == view.summary.arn)
        .unwrap();
    found.summary.status = status;
    found.summary.stopped_ms = Some(NOW);
    if status == ExecutionStatus::Failed {
        found.error = Some("EncoderFailed".into());
    }
}

#[tokio::test]
async fn a_terminal_shows_a_tree_with_bars_and_a_grid() {
    let (deployment, view) = encoding();
    let terminal = InMemoryTerm::new(40, 100);
    let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
    let mut display = Display::on(target, Some(100));
    let mut follower = Follower::new(&deployment.connection, &view);
    assert!(!follower.look(&mut display).await.unwrap());
    insta::assert_snapshot!("running", terminal.contents());
    finish(&deployment, &view, ExecutionStatus::Failed);
    assert!(follower.look(&mut display).await.unwrap());
    insta::assert_snapshot!("failed", terminal.contents());
}

#[tokio::test]
async fn a_narrow_terminal_truncates_lines() {
    let (deployment, view) = encoding();
    let terminal = InMemoryTerm::new(40, 44);
    let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
    let mut display = Display::on(target, Some(44));
    Follower::new(&deployment.connection, &view)
        .look(&mut display)
        .await
        .unwrap();
    insta::assert_snapshot!(terminal.contents());
}

#[tokio::test]
async fn plain_output_has_a_line_for_each_event() {
    let (deployment, view) = encoding();
    let written = Written::default();
    let mut display = Display::plain(Box::new(written.clone()));
    let mut follower = Follower::new(&deployment.connection, &view);
    follower.look(&mut display).await.unwrap();
    // Without changes there is no further output.
    let before = written.text();
    follower.look(&mut display).await.unwrap();
    assert_eq!(written.text(), before);
    insta::assert_snapshot!(before);
}

#[tokio::test]
async fn json_output_has_an_object_for_each_event() {
    let (deployment, view) = encoding();
    let written = Written::default();
    let mut display = Display::json(Box::new(written.clone()));
    finish(&deployment, &view, ExecutionStatus::Succeeded);
    let ended = Follower::new(&deployment.connection, &view)
        .to_the_end(&mut display)
        .await
        .unwrap();
    assert_eq!(ended.summary.status, ExecutionStatus::Succeeded);
    for line in written.text().lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).unwrap()["event"].is_string());
    }
    insta::assert_snapshot!(written.text());
}
