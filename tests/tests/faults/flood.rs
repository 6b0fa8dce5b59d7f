//! Many manifests at once: none is lost or processed twice, there are no more jobs than slots, and a bad manifest blocks nothing.
//!
//! `scripts/test --full` runs it. For a small flood: `FLOOD=20 cargo test --workspace --test faults -- flood --ignored --nocapture`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use reelsmith_aws::operate::{ExecutionStatus, ExecutionSummary};
use reelsmith_core::ports::AdmissionStore as _;
use reelsmith_tests::delivery::Delivery;
use reelsmith_tests::figures;
use reelsmith_tests::media;
use reelsmith_tests::world::{Setup, World};

const SLOTS: usize = 3;

fn size() -> usize {
    std::env::var("FLOOD")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(6)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "minutes: scripts/test --full runs it"]
async fn a_flood_of_manifests_waits_in_line() {
    let slots = format!("MAX_RUNNING_JOBS={SLOTS}");
    let setup = Setup {
        settings: &["MOCK_MODE=true", &slots],
        ..Setup::default()
    };
    let world = World::alone(&setup).await;
    let size = size();
    let mezzanine = std::fs::read(media::short()).unwrap();
    world.put("mezzanines/flood.mp4", mezzanine.clone()).await;
    let began = Instant::now();
    let mut wanted = BTreeMap::new();
    world
        .drop_manifest("manifests/poison.xml", "<AnimeTranscodeManifest")
        .await;
    for n in 0..size {
        let mut delivery = Delivery::of(&format!("flood-{n:04}"), &mezzanine);
        delivery.mezzanine_key = "mezzanines/flood.mp4".into();
        delivery.languages = vec!["ja"];
        delivery.settings = "<EnableH265>false</EnableH265>".into();
        let dropped = now_millis();
        let arn = world
            .drop_manifest(&delivery.manifest_key(), &delivery.manifest())
            .await;
        wanted.insert(arn, dropped);
    }
    let accepted = wanted.len();
    let (mut most, mut peak, mut function) = (0, 0, 0);
    // Memory of the largest function, in MiB, at each quarter of the jobs.
    let mut memory: Vec<u64> = Vec::new();
    let url = world
        .cloud
        .queue_url(&world.deployment.dead_letter_queue)
        .await
        .unwrap()
        .unwrap();
    // Listing thousands of executions repeatedly would add load.
    let pause = Duration::from_millis(1_000 + 5 * size as u64);
    let end = began + Duration::from_secs(120 + 30 * size as u64);
    let executions = loop {
        let executions = world
            .cloud
            .executions(&world.deployment.state_machine_arn, 100_000)
            .await
            .unwrap();
        let running = executions
            .iter()
            .filter(|e| e.status == ExecutionStatus::Running)
            .count();
        let now = world.memory();
        (most, peak) = (most.max(running), peak.max(now.stack_kib));
        function = function.max(now.largest_function_kib);
        let done = executions
            .iter()
            .filter(|e| e.status != ExecutionStatus::Running)
            .count();
        if memory.len() < done * 4 / (accepted + 1) {
            memory.push(now.largest_function_kib / 1024);
        }
        if done > accepted {
            break executions;
        }
        assert!(
            Instant::now() < end,
            "{done} of {accepted} after {:?}",
            began.elapsed()
        );
        tokio::time::sleep(pause).await;
    };
    let ended = |e: &&ExecutionSummary| {
        wanted.contains_key(&e.arn) && e.status == ExecutionStatus::Succeeded
    };
    let completed: Vec<&ExecutionSummary> = executions.iter().filter(ended).collect();
    let names: BTreeSet<&str> = executions.iter().map(|e| e.name.as_str()).collect();
    let doubled = executions.len() - names.len();
    let lost = accepted - completed.len();
    let mut waits: Vec<i64> = completed
        .iter()
        .map(|e| e.started_ms - wanted[&e.arn])
        .collect();
    waits.sort_unstable();
    let overtaken = overtaken(&completed, &wanted);
    let at = |share: usize| {
        waits
            .get((waits.len() * share / 100).min(waits.len().saturating_sub(1)))
            .copied()
            .unwrap_or(0)
    };
    let table = world
        .cloud
        .sdk()
        .submissions(&world.deployment.submission_table);
    let (function, stack) = (function / 1024, peak / 1024);
    let told_memory =
        format!("largest function {function} MiB, by quarters {memory:?}, local AWS {stack} MiB");
    let told = format!(
        "accepted {accepted}, completed {}, doubled {doubled}, lost {lost}, most at once {most} of {SLOTS} slots, \
         started at most {overtaken} places away from the order of arrival, {told_memory}, \
         time to start p50 {} ms, p95 {} ms, all in {:.1} s",
        completed.len(),
        at(50),
        at(95),
        began.elapsed().as_secs_f32()
    );
    println!("{told}");
    if size >= 50 {
        figures::write("flood", &format!("    {told}\n"));
    }
    assert_eq!((lost, doubled), (0, 0));
    assert!(function > 0, "memory was not read");
    // An execution that has reported its end runs for a moment longer.
    assert!(most <= 2 * SLOTS, "{most} at once");
    assert_eq!(table.waiting(1).await.unwrap(), []);
    let poison = executions
        .iter()
        .find(|e| e.name.starts_with("poison-"))
        .unwrap();
    assert_eq!(poison.status, ExecutionStatus::Failed);
    assert_eq!(world.cloud.queue_depth(&url).await.unwrap(), (0, 0));
}

/// The largest difference between an execution's place in the order of starts and in the order of arrival.
fn overtaken(started: &[&ExecutionSummary], arrived: &BTreeMap<String, i64>) -> usize {
    let order = |key: &dyn Fn(&ExecutionSummary) -> i64| {
        let mut order: Vec<(i64, &str)> =
            started.iter().map(|e| (key(e), e.arn.as_str())).collect();
        order.sort_unstable();
        let places = order.into_iter().enumerate();
        places.map(|(place, (_, arn))| (arn, place)).collect()
    };
    let came: BTreeMap<&str, usize> = order(&|e| arrived[&e.arn]);
    let began: BTreeMap<&str, usize> = order(&|e| e.started_ms);
    let away = came.iter().map(|(arn, place)| began[arn].abs_diff(*place));
    away.max().unwrap_or(0)
}

fn now_millis() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_millis()).unwrap()
}
